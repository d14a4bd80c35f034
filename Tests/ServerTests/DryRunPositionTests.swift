import Gateway
import HTTP
import Testing
import Trust

@testable import Server

@Suite("What a connection that does not exist would be taken for")
struct DryRunPositionTests {
    private static func facts(_ change: (inout DryRun.Position) -> Void) throws -> TransportFacts {
        let proxies = [try #require(CIDR("10.0.0.2"))]
        let host = HostAddresses(Set(["10.0.0.1"].compactMap { IPAddress($0) }))
        var position = DryRun.Position(from: "10.0.0.2")
        position.headers = ["x-user": "ana"]
        change(&position)
        return GatewayServer.position(trust: ProxyTrust(proxies: proxies), host)(position)
    }

    @Test("a trusted proxy names users and clients; what it relays with a PROXY header names clients only")
    func proxies() throws {
        let plain = try Self.facts { $0.forwardedFor = "203.0.113.7" }
        #expect(plain.peerIsTrustedProxy && plain.headers == ["x-user": "ana"] && plain.clientAddress == "203.0.113.7")
        let relayed = try Self.facts { $0.relayedFor = "203.0.113.8" }
        #expect(relayed.clientAddress == "203.0.113.8" && relayed.headers.isEmpty && !relayed.isDirectLocal)
        let unnamed = try Self.facts { $0.relayedFor = "unknown" }
        #expect(unnamed.clientAddress == nil && unnamed.headers.isEmpty)
        let stranger = try Self.facts { $0.from = "10.0.0.9" }
        #expect(stranger.headers.isEmpty && !stranger.peerIsTrustedProxy && stranger.peerIsThisHost == false)
        #expect(try Self.facts { $0.from = "10.0.0.1" }.peerIsThisHost == true)
    }

    @Test("a Unix socket has no address: for proxies it is one, for the owner it is everything")
    func sockets() throws {
        let socket = try Self.facts {
            $0.listener = .unix
            $0.forwardedFor = "203.0.113.7"
        }
        #expect(socket.peer == "unix" && socket.peerIsTrustedProxy && socket.headers == ["x-user": "ana"])
        #expect(socket.clientAddress == "203.0.113.7" && !socket.isDirectLocal && !socket.isOwnerSocket)
        let owner = try Self.facts { $0.listener = .owner }
        #expect(owner.isOwnerSocket && !owner.peerIsTrustedProxy && owner.headers.isEmpty)
    }
}
