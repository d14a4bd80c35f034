import Crypto
import Gateway
import JSON
import Testing
import Trust
import Wire

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
