import JSON
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("gateway.auth.trustedProxy.deviceAutoApprove")
struct ProxyPairingTests {
    @Test("the browser of a proxy's user is stored as paired by that, without a token, and is known from then on")
    func pairs() throws {
        let gateway = try TestGateway(policy: { policy in
            policy.authMode = .trustedProxy
            policy.secretDigest = nil
            policy.allowedOrigins = ["https://gw.example"]
            policy.identity = ProxyIdentityPolicy(
                userHeader: "x-user", hasTrustedProxies: true, autoApproveScopes: ScopeSet(.read))
        })
        let key = try Peer.key(1)
        var peer = Peer(identity: key, scopes: ["operator.read"])
        peer.client = ClientInfo(id: "openclaw-control-ui", version: "1", platform: "linux", mode: "webchat")
        peer.facts = TransportFacts(
            isDirectLocal: false, hasForwardingHeaders: true, peerIsTrustedProxy: true, headers: ["x-user": "ana"],
            peer: "10.0.0.2", clientAddress: "203.0.113.9", origin: "https://gw.example", host: "gw.example")
        let first = gateway.connect(peer)
        #expect(gateway.open.contains(first))
        #expect(gateway.takeSteps().names == ["commit", "device.pair.resolved", "open"])
        #expect(gateway.store.devices[key.deviceID]?.approvedVia == "trusted-proxy")
        #expect(gateway.store.devices[key.deviceID]?.approvedScopes == ["operator.read"])
        #expect(gateway.core.trust.isPaired(key.deviceID))
        let hello = gateway.connect(peer)
        #expect(gateway.open.contains(hello))
        #expect(gateway.takeSteps().names == ["open"], "nothing is stored again, and no token handed out")
        gateway.commitMode = .failing
        peer.identity = try Peer.key(2)
        #expect(!gateway.open.contains(gateway.connect(peer)))
        #expect(!gateway.core.trust.isPaired(try Peer.key(2).deviceID))
    }
}
