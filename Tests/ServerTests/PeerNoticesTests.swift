import HTTP
import Testing

@testable import Server

struct PeerNoticesTests {
    private static func peer(_ number: UInt32) -> IPAddress { IPAddress(v4: 0xCB00_7100 + number) }

    @Test func aPeerIsNamedOnceForEachThing() {
        let notices = PeerNotices()
        #expect(notices.isNew(.ignoredHeaders, from: Self.peer(1)))
        #expect(!notices.isNew(.ignoredHeaders, from: Self.peer(1)))
        #expect(notices.isNew(.missingProxyHeader, from: Self.peer(1)))
        #expect(notices.isNew(.ignoredHeaders, from: Self.peer(2)))
        #expect(notices.isNew(.ignoredHeaders, from: nil))
        #expect(!notices.isNew(.ignoredHeaders, from: nil))
    }

    @Test func addressesOfOneIPv6NetworkAreOnePeer() throws {
        let notices = PeerNotices()
        #expect(notices.isNew(.ignoredHeaders, from: IPAddress("2001:db8::1")))
        #expect(!notices.isNew(.ignoredHeaders, from: IPAddress("2001:db8::ffff:1")))
        #expect(notices.isNew(.ignoredHeaders, from: IPAddress("2001:db8:0:1::1")))
    }

    @Test func theOldestIsForgottenWhenThereIsNoRoom() {
        let notices = PeerNotices(maxEntries: 3)
        for number in 0..<3 { #expect(notices.isNew(.ignoredHeaders, from: Self.peer(UInt32(number)))) }
        #expect(notices.isNew(.ignoredHeaders, from: Self.peer(3)))
        #expect(!notices.isNew(.ignoredHeaders, from: Self.peer(1)))
        #expect(notices.isNew(.ignoredHeaders, from: Self.peer(0)))
        #expect(notices.isNew(.ignoredHeaders, from: Self.peer(1)))
        #expect(!notices.isNew(.ignoredHeaders, from: Self.peer(3)))
    }
}
