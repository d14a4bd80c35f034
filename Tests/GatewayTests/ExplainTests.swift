import Crypto
import JSON
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("admission.explain, our addition")
struct ExplainTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
    }

    private func explain(_ params: JSON) -> JSON? { gateway.call(owner, .admissionExplain, params) }

    private func dryRun(_ members: JSON) -> JSON? { explain(["dryRun": members])?["payload"] }

    @Test("a refusal names its decision, and that, its beginning and the pairing request all explain it")
    func refused() throws {
        let id = gateway.connect(.remote(try Peer.key(1)))
        let details = try #require(gateway.steps.responses(to: id).first?["error"]?["details"])
        let decision = try #require(details["decisionId"]?.string)
        let request = try #require(details["requestId"]?.string)
        #expect(
            gateway.steps.contains { step in
                guard case .log(let line) = step, line.message.contains("decision=\(decision)") else { return false }
                // Counted, or strangers could fill the disk.
                return line.kind == LogLine.Kind(rule: "pairing", client: "10.0.0.9")
            })
        for name in [decision, String(decision.prefix(8)), request] {
            let answer = try #require(explain(["id": .string(name)])?["payload"])
            #expect(answer["outcome"] == "refused" && answer["code"] == "PAIRING_REQUIRED")
            #expect(answer["decisionId"] == .string(decision) && answer["requestId"] == .string(request))
            let walk = try #require(answer["walk"]?.array)
            #expect(walk.first?["rule"] == "protocol-window")
            #expect(walk.last?["rule"] == "pairing" && walk.last?["verdict"] == "refused")
            #expect(walk.contains { $0["rule"] == "derived-identity" && $0["verdict"] == "not concerned" })
            let fixes = (answer["fixes"]?.array ?? []).compactMap(\.string)
            #expect(fixes.first == "on the gateway's host: sallyport devices approve \(request)", "the safest first")
            #expect(fixes.last?.contains("development only") == true, "the least safe last")
        }
    }

    @Test("whoever was let in is explained by the connection's id")
    func admitted() throws {
        let id = gateway.connect(.owner(scopes: ["operator.read"]))
        let hello = gateway.steps.compactMap { step -> JSON? in
            if case .open(id, _, let hello) = step { hello } else { nil }
        }.first
        let connID = try #require(hello?["payload"]?["server"]?["connId"])
        let answer = explain(["id": connID])?["payload"]
        #expect(answer?["outcome"] == "admitted" && answer?["method"] == "token")
        #expect(answer?["scopes"] == ["operator.read"] && answer?["fixes"] == nil)
    }

    @Test("ids that are unknown, or too short, are said to be")
    func unknown() {
        for id in ["00000000-0000-4000-8000-999999999999", "0000000"] as [JSON] {
            #expect(explain(["id": id])?["error"]?["details"]?["code"] == "DECISION_NOT_FOUND")
        }
    }

    @Test("a dry run walks the same rules, with nobody there and nothing changed")
    func dryRuns() throws {
        let paired = try Peer.key(3)
        let stranger = gateway.connect(.remote(paired))
        let waiting = gateway.steps.responses(to: stranger).first?["error"]?["details"]?["requestId"]
        _ = gateway.call(owner, .devicePairApprove, ["requestId": try #require(waiting)])
        let before = gateway.core.trust.pairing.pending(nowMs: gateway.nowMs)
        let cases: [(JSON, String, String?)] = [
            (["from": "10.0.0.9"], "refused", "PAIRING_REQUIRED"),
            (["from": "10.0.0.9", "token": "wrong"], "refused", "AUTH_TOKEN_MISMATCH"),
            (["from": "10.0.0.9", "token": "none"], "refused", "AUTH_TOKEN_MISSING"),
            (
                ["from": "10.0.0.9", "device": "none", "client": "test/test", "token": "none"], "refused",
                "DEVICE_IDENTITY_REQUIRED"
            ),
            (["from": "10.0.0.9", "device": "none", "client": "test/test"], "admitted", nil),
            (["from": "10.0.0.9", "device": .string(paired.deviceID)], "admitted", nil),
            (["from": "10.0.0.9", "device": .string(String(paired.deviceID.prefix(12)))], "admitted", nil),
        ]
        for (members, outcome, code) in cases {
            let answer = try #require(dryRun(members), "\(members)")
            #expect(answer["outcome"] == .string(outcome) && answer["dryRun"] == true, "\(members): \(answer)")
            #expect(answer["code"]?.string == code, "\(members)")
            #expect(answer["requestId"] == nil)
        }
        #expect(gateway.core.trust.pairing.pending(nowMs: gateway.nowMs) == before)
        #expect(gateway.core.trust.limiter.lockouts(nowMs: gateway.nowMs).isEmpty)
    }

    /// What the shell finds out about a position, as far as these tests need it.
    private func explaining(
        _ mode: AdmissionPolicy.AuthMode, _ identity: ProxyIdentityPolicy
    ) throws -> (JSON) -> JSON? {
        let gateway = try TestGateway(policy: {
            $0.authMode = mode
            if mode == .trustedProxy { $0.secretDigest = nil }
            $0.identity = identity
        })
        gateway.core.settings.position = { position in
            let isProxy = position.listener == .unix || position.from == "10.0.0.2"
            let isLoopback = position.listener == .network && position.from == "127.0.0.1"
            return TransportFacts(
                isDirectLocal: isLoopback && position.forwardedFor == nil,
                hasForwardingHeaders: position.forwardedFor != nil, peerIsTrustedProxy: isProxy,
                peerIsLoopback: isLoopback, headers: isProxy || isLoopback ? position.headers : [:],
                isOwnerSocket: position.listener == .owner,
                peer: position.listener == .network ? position.from : "unix",
                clientAddress: position.relayedFor ?? position.forwardedFor)
        }
        let owner = gateway.connect(Peer(facts: TransportFacts(isDirectLocal: true, isOwnerSocket: true, peer: "unix")))
        return { gateway.call(owner, .admissionExplain, ["dryRun": $0]) }
    }

    @Test("a dry run as a user whom a proxy names, over an address or a Unix socket")
    func proxyUsers() throws {
        let explain = try explaining(
            .trustedProxy,
            ProxyIdentityPolicy(
                userHeader: "x-user", requiredHeaders: ["x-proto"], allowUsers: ["ana"], hasTrustedProxies: true))
        let cases: [(JSON, String?)] = [
            (["from": "10.0.0.2", "user": "ana", "device": "none", "client": "test/test"], nil),
            (["listener": "unix", "user": "ana", "device": "none", "client": "test/test"], nil),
            (["listener": "owner", "device": "none"], nil),
            (["from": "10.0.0.2", "user": "eve", "device": "none", "client": "test/test"], "AUTH_UNAUTHORIZED"),
            (["from": "10.0.0.9", "user": "ana", "device": "none", "client": "test/test"], "AUTH_UNAUTHORIZED"),
            (["from": "10.0.0.2", "user": "ana"], "PAIRING_REQUIRED"),
        ]
        for (members, code) in cases {
            let payload = explain(members)?["payload"]
            #expect(payload?["outcome"] == (code == nil ? "admitted" : "refused"), "\(members)")
            #expect(payload?["code"]?.string == code, "\(members)")
        }
        #expect(explain(["user": "ana", "tailscaleLogin": "ana"])?["error"]?["code"] == "INVALID_REQUEST")
    }

    @Test("a dry run as a user of the tailnet brings no secret, and comes through serve")
    func tailnetUsers() throws {
        let explain = try explaining(.token, ProxyIdentityPolicy(allowTailscale: true))
        let known = explain(["tailscaleLogin": "ana@example.com", "client": "openclaw-tui/ui"])?["payload"]
        #expect(known?["outcome"] == "admitted" && known?["method"] == "tailscale", "\(String(describing: known))")
        let device = explain(["tailscaleLogin": "ana@example.com"])?["payload"]
        #expect(device?["code"] == "PAIRING_REQUIRED")
        let off = try explaining(.token, ProxyIdentityPolicy())
        #expect(off(["tailscaleLogin": "ana@example.com"])?["payload"]?["code"] == "AUTH_TOKEN_MISSING")
        #expect(off(["user": "ana"])?["error"]?["message"] == "no proxy names users here")
    }

    @Test("a PROXY header names the client; from anybody else it is refused before any rule, and that is said")
    func relayed() throws {
        let explain = try explaining(.token, ProxyIdentityPolicy())
        let relayed = explain(["from": "10.0.0.2", "relayedFor": "203.0.113.7"])?["payload"]
        #expect(relayed?["clientAddress"] == "203.0.113.7" && relayed?["code"] == "PAIRING_REQUIRED")
        let error = explain(["from": "10.0.0.9", "relayedFor": "203.0.113.7"])?["error"]
        #expect(error?["message"]?.string?.contains("no trusted proxy") == true)
        #expect(error?["details"]?["remediationHint"]?.string?.contains("10.0.0.9") == true)
        #expect(explain(["listener": "pipe"])?["error"]?["code"] == "INVALID_REQUEST")
    }

    @Test("what a dry run cannot mean is named")
    func wrong() {
        for members in [
            ["client": "cli"], ["client": "nobody/cli"], ["role": "king"], ["token": "the-real-token"],
            ["device": "ffffffff"], ["device": "new", "token": "device"],
        ] as [JSON] {
            #expect(explain(["dryRun": members])?["error"]?["code"] == "INVALID_REQUEST", "\(members)")
        }
        #expect(explain([:])?["error"]?["code"] == "INVALID_REQUEST")
    }
}
