import Crypto
import Gateway
import Trust
import Wire

/// Somebody who connects.
struct Peer {
    var identity: SigningIdentity?
    var client = ClientInfo(id: "cli", version: "1", platform: "linux", mode: "cli")
    var role = Role.operator
    var scopes = ["operator.admin"]
    var auth = ConnectParams.Credentials()
    var facts = TransportFacts(isDirectLocal: true, peer: "127.0.0.1", clientAddress: "127.0.0.1")
    var grants: [String] = []

    static let sharedToken = "shared-secret-of-the-owner"

    /// The owner's command line on the gateway's host.
    static func owner(scopes: [String] = ["operator.admin"]) -> Peer {
        Peer(scopes: scopes, auth: .init(token: sharedToken))
    }

    /// A device with the shared token, somewhere on the network.
    static func remote(_ identity: SigningIdentity, scopes: [String] = ["operator.write"]) -> Peer {
        Peer(
            identity: identity, client: ClientInfo(id: "test", version: "1", platform: "linux", mode: "test"),
            scopes: scopes, auth: .init(token: sharedToken),
            facts: TransportFacts(isDirectLocal: false, peer: "10.0.0.9", clientAddress: "10.0.0.9"))
    }

    /// A worker as it was launched: on the network, with what its order gave it.
    static func worker(_ order: LaunchOrder, token: String? = nil) -> Peer {
        Peer(
            identity: order.identity,
            client: ClientInfo(id: "gateway-client", version: "1", platform: "linux", mode: "worker"),
            scopes: ["operator.admin"],
            auth: .init(token: token ?? (order.usesSharedToken ? sharedToken : order.runToken)),
            facts: TransportFacts(isDirectLocal: false, peer: "172.18.0.1", clientAddress: "172.18.0.1"))
    }

    /// A seed of 32 equal bytes; each number is another device.
    static func key(_ number: UInt8) throws -> SigningIdentity {
        try SigningIdentity(seed: [UInt8](repeating: number, count: 32))
    }
}
