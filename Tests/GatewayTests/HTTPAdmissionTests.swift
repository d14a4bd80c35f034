import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Who may ask by HTTP, wire protocol 8")
struct HTTPAdmissionTests {
    @Test(
        "the shared secret is the owner, and nothing else that was made up is anybody",
        arguments: [
            (.token, Peer.sharedToken, true), (.password, Peer.sharedToken, true), (.token, "wrong", false),
            (.token, "", false), (.token, nil, false), (.password, nil, false), (.none, nil, true),
            (.none, "any", true),
            (.trustedProxy, Peer.sharedToken, false), (.trustedProxy, nil, false),
        ] as [(AdmissionPolicy.AuthMode, String?, Bool)])
    func secrets(_ mode: AdmissionPolicy.AuthMode, _ bearer: String?, _ isAdmitted: Bool) throws {
        let gateway = try TestGateway(policy: { policy in
            policy.authMode = mode
            if mode == .trustedProxy || mode == .none { policy.secretDigest = nil }
        })
        let facts = TransportFacts(
            isDirectLocal: mode == .none, peer: "127.0.0.1", clientAddress: "127.0.0.1")
        let (id, admission) = gateway.http(bearer, facts: facts)
        guard isAdmitted else {
            guard case .unauthorized = admission else {
                Issue.record("\(admission)")
                return
            }
            #expect(gateway.core.connectionCount == 0)
            #expect(gateway.call(id, .sessionsList) == nil)
            return
        }
        #expect(admission == .admitted)
        #expect(gateway.tool(id, "sessions_list")?["count"] == 1)
        gateway.disconnect(id)
        #expect(gateway.core.connectionCount == 0)
    }

    @Test(
        "a page of another origin is refused whatever its credential, an allowed one is not",
        arguments: [
            ("https://evil.example", false), ("null", false), ("", false), ("https://dash.example", true),
            ("http://localhost:18789", true),
        ])
    func origins(_ origin: String, _ isAdmitted: Bool) throws {
        for mode in [AdmissionPolicy.AuthMode.token, .none] {
            let gateway = try TestGateway(policy: { policy in
                policy.authMode = mode
                policy.allowedOrigins = ["https://dash.example"]
            })
            var facts = TransportFacts(isDirectLocal: true, peer: "127.0.0.1", clientAddress: "127.0.0.1")
            facts.origin = origin
            let (_, admission) = gateway.http(Peer.sharedToken, facts: facts)
            #expect(admission == (isAdmitted ? .admitted : .originRefused))
        }
    }

    @Test("without authentication only who is here may ask: a proxy's client has shown nothing")
    func noAuthentication() throws {
        let gateway = try TestGateway(policy: { policy in
            policy.authMode = .none
            policy.secretDigest = nil
        })
        let facts = TransportFacts(isDirectLocal: false, peer: "127.0.0.1", clientAddress: "203.0.113.9")
        guard case .unauthorized = gateway.http(nil, facts: facts).admission else {
            Issue.record("a stranger is admitted")
            return
        }
        #expect(gateway.core.connectionCount == 0)
    }

    @Test("the owner's socket needs no credential")
    func ownerSocket() throws {
        let gateway = try TestGateway()
        var facts = TransportFacts(isDirectLocal: true, peer: "unix", clientAddress: nil)
        facts.isOwnerSocket = true
        #expect(gateway.http(nil, facts: facts).admission == .admitted)
    }

    @Test("a run token acts as its session while its run goes on")
    func runTokens() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let child = try gateway.spawn(owner)
        let order = try #require(child.order)
        let worker = gateway.connect(.worker(order))
        gateway.call(worker, .runAttach, ["runId": .string(child.runID)])
        let (id, admission) = gateway.http(order.runToken)
        #expect(admission == .admitted)
        let spawned = try #require(gateway.tool(id, "sessions_spawn", ["task": "more"]))
        #expect(spawned["status"] == "accepted")
        let grandchild = try #require(spawned["childSessionKey"]?.string)
        #expect(gateway.core.table.sessions[grandchild]?.parentKey == child.sessionKey)
        let list = gateway.tool(id, "sessions_list")?["sessions"]?.array
        #expect(Set(list?.compactMap { $0["key"]?.string } ?? []) == [child.sessionKey, grandchild])
        #expect(
            gateway.call(id, .chatHistory, ["sessionKey": "main"])?["error"]?["details"]?["code"] == "SESSION_NOT_FOUND"
        )
        let kill = gateway.call(id, .sessionsAbort, ["key": .string(child.sessionKey)])?["error"]?["details"]?["code"]
        #expect(kill == "NOT_YOUR_CHILD")
        gateway.complete(worker, child.runID)
        guard case .unauthorized = gateway.http(order.runToken).admission else {
            Issue.record("the token of an ended run was let in")
            return
        }
    }

    @Test("a device token is no bearer")
    func deviceTokens() throws {
        let gateway = try TestGateway()
        let device = try Peer.key(3)
        var local = Peer.remote(device)
        local.facts = TransportFacts(isDirectLocal: true, peer: "127.0.0.1", clientAddress: "127.0.0.1")
        _ = gateway.connect(local)
        let token = gateway.source.tokens.first { token in
            gateway.store.deviceTokens.values.contains { $0.tokenSHA256 == sha256(token) }
        }
        #expect(token != nil)
        guard case .unauthorized = gateway.http(token ?? "").admission else {
            Issue.record("a device token was let in")
            return
        }
    }

    @Test("different wrong guesses lock their client out, the right one too, and nobody else")
    func lockout() throws {
        let gateway = try TestGateway()
        for guess in 1...gateway.core.settings.rateLimit.maxAttempts {
            #expect(gateway.http("guess-\(guess)").admission == .unauthorized("the credential is wrong"))
        }
        guard case .rateLimited(let retryAfterMs) = gateway.http(Peer.sharedToken).admission else {
            Issue.record("no lockout")
            return
        }
        #expect(retryAfterMs > 0)
        let other = TransportFacts(isDirectLocal: false, peer: "10.0.0.10", clientAddress: "10.0.0.10")
        #expect(gateway.http(Peer.sharedToken, facts: other).admission == .admitted)
        gateway.nowMs += retryAfterMs
        #expect(gateway.http(Peer.sharedToken).admission == .admitted)
    }

    @Test("the same wrong token again, and none at all, are no guesses")
    func repeats() throws {
        let gateway = try TestGateway()
        for _ in 0..<50 {
            _ = gateway.http("stale")
            _ = gateway.http(nil)
        }
        #expect(gateway.http(Peer.sharedToken).admission == .admitted)
    }

    @Test("who asks by HTTP hears no events and shows in no presence")
    func silence() throws {
        let gateway = try TestGateway()
        let (id, _) = gateway.http(Peer.sharedToken)
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn")
        gateway.complete(worker, "turn")
        let heard = gateway.takeSteps().filter { step in
            if case .event(_, _, let audience) = step { audience.contains(id) } else { false }
        }
        #expect(heard.isEmpty)
        let presence = gateway.call(owner, .systemPresence)?["payload"]?.array ?? []
        #expect(!presence.contains { $0["mode"] == "backend" })
    }

    @Test("a session that is not there cannot be killed by HTTP")
    func kills() throws {
        let gateway = try TestGateway()
        let (id, _) = gateway.http(Peer.sharedToken)
        let missing = gateway.call(id, .sessionsAbort, ["key": "agent:main:nothing"])
        #expect(missing?["error"]?["details"]?["code"] == "SESSION_NOT_FOUND")
        #expect(gateway.call(id, .sessionsAbort, ["key": "main"])?["payload"]?["status"] == "no-active-run")
    }

    @Test("a client that goes away while its tool waits leaves nothing behind")
    func goneWhileWaiting() throws {
        let gateway = try TestGateway()
        let (id, _) = gateway.http(Peer.sharedToken)
        #expect(gateway.tool(id, "sessions_send", ["sessionKey": "agent:worker:main", "message": "hello"]) == nil)
        let run = try #require(gateway.core.table.unendedRuns.first)
        gateway.disconnect(id)
        #expect(gateway.core.waiters[run.runID]?.isEmpty ?? true)
        let order = try #require(gateway.takeSteps().launches.last)
        let worker = gateway.connect(.worker(order))
        gateway.call(worker, .runAttach, ["runId": .string(run.runID)])
        gateway.complete(worker, run.runID)
        #expect(gateway.end(of: run.runID)?.status == .ok)
        #expect(gateway.core.waiters.isEmpty)
    }
}
