import Gateway
import Testing

@testable import Server

struct RequestsUnderWayTests {
    private static func id(_ number: Int) -> [UInt8] { Array("\"\(number)\"".utf8) }

    @Test func theNumberIsBounded() {
        var underWay = RequestsUnderWay()
        let limit = RequestsUnderWay.maxRequests + ClientConnection.maxWaits
        for number in 0..<limit {
            #expect(!underWay.isFull)
            underWay.begin(Self.id(number), bytes: 1)
        }
        #expect(underWay.isFull)
        underWay.end(Self.id(limit))
        #expect(underWay.isFull, "an answer to what was not asked")
        underWay.end(Self.id(7))
        #expect(!underWay.isFull)
        for number in 0..<limit { underWay.end(Self.id(number)) }
        #expect((underWay.count, underWay.bytes) == (0, 0))
    }

    @Test func theirSizeIsBoundedAndALargeOneIsTakenAlone() {
        var underWay = RequestsUnderWay()
        underWay.begin(Self.id(1), bytes: 25 << 20)
        #expect(underWay.isFull)
        underWay.end(Self.id(1))
        #expect(!underWay.isFull)
        underWay.begin(Self.id(1), bytes: RequestsUnderWay.maxBytes - 1)
        #expect(!underWay.isFull)
        underWay.begin(Self.id(2), bytes: 1)
        #expect(underWay.isFull)
    }

    @Test func whoeverRepeatsAnIDHasEachRequestCounted() {
        var underWay = RequestsUnderWay()
        for _ in 0..<10 { underWay.begin(Self.id(1), bytes: 5) }
        #expect((underWay.count, underWay.bytes) == (10, 50))
        for _ in 0..<4 { underWay.end(Self.id(1)) }
        #expect((underWay.count, underWay.bytes) == (6, 30))
        for _ in 0..<9 { underWay.end(Self.id(1)) }
        #expect((underWay.count, underWay.bytes) == (0, 0))
    }
}
