import EventLoop
import HTTP
import Testing

@testable import Server

struct HostAddressesTests {
    private static let own: [String] = ["203.0.113.9", "2001:db8::9"]

    private static func arrival(from address: String) throws -> Arrival {
        let peer = try #require(SocketAddress(literal: address, port: 4711))
        return Arrival(
            listener: ListenerTraits(isTLS: false), socket: peer, credentials: nil, trust: ProxyTrust(proxies: []))
    }

    @Test("somebody with any address of this host is on it, whichever address was dialled", arguments: own)
    func anyAddress(_ address: String) throws {
        let socket = try Sockets.listen(on: .loopback(port: 0))
        let arrival = try Self.arrival(from: address)
        #expect(arrival.isFromThisHost(socket, HostAddresses(Set(Self.own.compactMap { IPAddress($0) }))) == true)
        #expect(arrival.isFromThisHost(socket, HostAddresses([])) == false)
        #expect(arrival.isFromThisHost(socket, HostAddresses(nil)) == nil, "nobody knows")
        #expect(try Self.arrival(from: "127.0.0.1").isFromThisHost(socket, HostAddresses(nil)) == true)
    }

    @Test func theyAreReadFromTheInterfaces() throws {
        let addresses = HostAddresses()
        #expect(addresses.contains(try #require(IPAddress("127.0.0.1"))) == false)
        addresses.refresh()
        for interface in try NetworkInterface.all() {
            let bytes = interface.address.bytes
            let address = IPAddress(octets: bytes.span)
            #expect(address.map { addresses.contains($0) } == true, "\(interface.name)")
        }
        #expect(addresses.contains(try #require(IPAddress("192.0.2.77"))) == false)
    }
}
