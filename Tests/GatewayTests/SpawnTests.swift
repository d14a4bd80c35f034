import Crypto
import Gateway
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@Suite("Spawning")
struct SpawnTests {
    @Test("session, run and grant are committed before the answer, and the launch comes after it")
    func order() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        gateway.commitMode = .held
        #expect(gateway.call(owner, .sessionsSpawn, ["task": "work"]) == nil)
        #expect(gateway.takeSteps().names.isEmpty)
        gateway.release()
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "respond", "launch"])
        let order = try #require(steps.launches.first)
        #expect(gateway.store.runs[order.runID]?.status == .launching)
        #expect(gateway.store.sessions[order.sessionKey]?.parentKey == TestGateway.mainKey)
        #expect(gateway.store.grants[order.identity.deviceID]?.state == .live)
        #expect(gateway.store.sessions[TestGateway.mainKey] != nil)
        let payload = try #require(steps.responses(to: owner).first?["payload"])
        #expect(payload["status"] == "accepted")
        #expect(payload["childSessionKey"] == .string(order.sessionKey))
        #expect(payload["runId"] == .string(order.runID))
        #expect(payload["mode"] == "run")
    }

    @Test("a child's identity is derived from the root, link by link")
    func identities() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let grandchild = try gateway.spawn(worker)
        let main = try gateway.root.child(sessionKey: TestGateway.mainKey, spawnID: "root.0")
        let first = try main.child(sessionKey: child.sessionKey, spawnID: child.runID)
        let second = try first.child(sessionKey: grandchild.sessionKey, spawnID: grandchild.runID)
        #expect(child.order?.identity.deviceID == first.deviceID)
        #expect(child.order?.identity.key.seed == first.key.seed)
        #expect(grandchild.order?.identity.deviceID == second.deviceID)
        #expect(child.sessionKey == "agent:main:subagent:\(child.runID)")
        #expect(gateway.core.trust.lineage[second.deviceID]?.issuer == first.deviceID)
        #expect(gateway.core.trust.lineage[first.deviceID]?.issuer == main.deviceID)
        #expect(gateway.core.table.sessions[grandchild.sessionKey]?.depth == 2)
    }

    @Test("the store has the run token's digest; the token is in the launch order only")
    func runToken() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let order = try #require(try gateway.spawn(owner).order)
        #expect(gateway.store.grants[order.identity.deviceID]?.runTokenSHA256 == sha256(order.runToken))
        for step in gateway.takeSteps() {
            if case .launch = step { continue }
            #expect(!"\(step)".contains(order.runToken))
        }
    }

    @Test("the grant chain of an order verifies, link by link, root first")
    func grantChain() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let order = try #require(try gateway.spawn(worker).order)
        #expect(order.grants.count == 2)
        let presented = PresentedGrant.verify(order.grants) { gateway.core.issuerKey($0, nowMs: gateway.nowMs) }
        let checks = GrantChecks(
            gatewayID: gateway.root.deviceID, nowSeconds: gateway.nowMs / 1000, maxSpawnDepth: 5)
        for link in presented {
            let grant = try link.parsed.get().grant
            #expect(link.isSignatureValid)
            let verdict = checks.verdict(
                on: grant, isSignatureValid: link.isSignatureValid,
                issuer: gateway.core.trust.issuerFacts(of: grant.issuer, nowMs: gateway.nowMs),
                binding: gateway.core.trust.lineage.binding(issuer: grant.issuer, spawnID: grant.spawnID))
            #expect(verdict == .valid)
        }
        #expect(
            try presented.map { try $0.parsed.get().grant.subject } == [
                child.order?.identity.deviceID, order.identity.deviceID,
            ])
        #expect(try presented.last?.parsed.get().grant.scopes.names == ["operator.read", "operator.write"])
    }

    @Test("a child gets no more than its asker holds, and never admin")
    func scopes() throws {
        let gateway = try TestGateway()
        let admin = gateway.connect(.owner())
        let writer = gateway.connect(.owner(scopes: ["operator.write"]))
        for caller in [admin, writer] {
            let order = try #require(try gateway.spawn(caller).order)
            let scopes = gateway.core.trust.lineage[order.identity.deviceID]?.scopes
            #expect(scopes?.names == ["operator.read", "operator.write"])
            let worker = gateway.connect(.worker(order))
            #expect(gateway.call(worker, .devicePairList)?["error"]?["code"] == "FORBIDDEN")
        }
    }

    @Test("a spawn beyond maxConcurrent is accepted, waits, and is launched when a place is free")
    func queued() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        let owner = gateway.connect(.owner())
        let (first, worker) = try gateway.running(owner)
        let second = try gateway.spawn(owner)
        let third = try gateway.spawn(owner)
        #expect(second.order == nil && third.order == nil)
        #expect(gateway.store.runs[second.runID]?.status == .queued)
        _ = gateway.takeSteps()
        gateway.complete(worker, first.runID)
        let launches = gateway.takeSteps().launches.map(\.runID)
        #expect(launches == [second.runID])
        #expect(gateway.store.runs[second.runID]?.status == .launching)
        #expect(gateway.store.runs[third.runID]?.status == .queued)
    }

    @Test("a waiting parent does not starve its children: each session has places of its own")
    func noStarvation() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        let owner = gateway.connect(.owner())
        var (_, worker) = try gateway.running(owner)
        for _ in 0..<4 { worker = try gateway.running(worker).worker }
        #expect(gateway.core.table.unendedRuns.count == 5)
    }

    @Test("a refused spawn answers with upstream's text, the rule and the remedy, and leaves nothing")
    func refused() throws {
        let gateway = try TestGateway(limits: { $0.maxChildrenPerAgent = 1 })
        let owner = gateway.connect(.owner())
        _ = try gateway.spawn(owner)
        let payload = try #require(gateway.call(owner, .sessionsSpawn, ["task": "work"])?["payload"])
        #expect(payload["status"] == "forbidden")
        #expect(payload["error"] == "sessions_spawn has reached max active children for this session (1/1)")
        #expect(payload["rule"] == "max-children")
        #expect(payload["kind"] == "session-limit")
        #expect(payload["remediationHint"] == "raise agents.defaults.subagents.maxChildrenPerAgent")
        #expect(gateway.core.table.runs.count == 1)
    }

    @Test("depth is counted from the session that spawns")
    func depth() throws {
        let gateway = try TestGateway(limits: { $0.maxSpawnDepth = 2 })
        let owner = gateway.connect(.owner())
        let (_, child) = try gateway.running(owner)
        let (_, grandchild) = try gateway.running(child)
        let refusal = gateway.call(grandchild, .sessionsSpawnTool, ["task": "work"])
        #expect(
            refusal?["payload"]?["error"]
                == "sessions_spawn is not allowed at this depth (current depth: 2, max: 2)")
    }

    @Test(
        "the checks of params come in upstream's order too",
        arguments: [
            (
                ["task": "w", "to": "x"],
                "sessions_spawn does not support \"to\". Use \"message\" or \"sessions_send\" for channel delivery."
            ),
            (
                ["task": "w", "agentId": "No Such", "mode": "session"],
                "Invalid agentId \"No Such\". Agent IDs must match [a-z0-9][a-z0-9_-]{0,63}. Use agents_list to discover valid targets."
            ),
            (
                ["task": "w", "mode": "session", "agentId": "helper"],
                "mode=\"session\" requires thread=true so the subagent can stay bound to a thread."
            ),
            (
                ["task": "w", "sandbox": "require", "agentId": "helper"],
                "agentId is not allowed for sessions_spawn (allowed: worker)"
            ),
            (
                ["task": "w", "sandbox": "require", "thread": true],
                "sessions_spawn sandbox=\"require\" needs a sandboxed target runtime. Pick a sandboxed agentId or use sandbox=\"inherit\"."
            ),
            (
                ["task": "w", "thread": true],
                "thread=true is unavailable because no channel plugin registered subagent_spawning hooks."
            ),
            (["task": "w", "runtime": "vm"], "runtime \"vm\" is not available (available: subagent, acp, local)"),
        ] as [(JSON, String)])
    func paramOrder(_ params: JSON, _ text: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        #expect(gateway.call(owner, .sessionsSpawn, params)?["payload"]?["error"] == .string(text))
        #expect(gateway.core.table.runs.isEmpty)
    }

    @Test("a spawn from a session that does not exist is refused")
    func unknownRequester() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let answer = gateway.call(owner, .sessionsSpawn, ["task": "w", "sessionKey": "agent:ghost:main"])
        #expect(answer?["payload"]?["error"] == "session not found: agent:ghost:main")
        let other = try gateway.spawn(owner, ["task": "w", "sessionKey": "agent:helper:main"])
        #expect(gateway.core.table.runs[other.runID]?.agentID == "helper")
        let main = try gateway.spawn(owner, ["task": "w", "sessionKey": "main"])
        #expect(gateway.core.table.runs[main.runID]?.requesterKey == TestGateway.mainKey)
    }

    @Test("a derived device spawns from its own session, whatever it names")
    func ownSession() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let grandchild = try gateway.spawn(worker, ["task": "w", "sessionKey": .string(TestGateway.mainKey)])
        #expect(gateway.core.table.runs[grandchild.runID]?.requesterKey == child.sessionKey)
    }

    // MARK: - Idempotency

    @Test("the same idempotency key yields the same run, per requester")
    func idempotency() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (first, worker) = try gateway.running(owner, ["task": "w", "idempotencyKey": "k"])
        #expect(try gateway.spawn(owner, ["task": "w", "idempotencyKey": "k"]).runID == first.runID)
        #expect(try gateway.spawn(worker, ["task": "w", "idempotencyKey": "k"]).runID != first.runID)
        gateway.complete(worker, first.runID)
        #expect(try gateway.spawn(owner, ["task": "w", "idempotencyKey": "k"]).runID == first.runID)
        #expect(gateway.core.table.activeChildren(of: TestGateway.mainKey).isEmpty)
    }

    @Test("a repeat is not answered before the first commit is done")
    func idempotencyWaits() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.commitMode = .held
        let params: JSON = ["task": "w", "idempotencyKey": "k"]
        #expect(gateway.call(owner, .sessionsSpawn, params) == nil)
        #expect(gateway.call(owner, .sessionsSpawn, params) == nil)
        _ = gateway.takeSteps()
        gateway.release()
        #expect(gateway.takeSteps().names == ["commit", "respond", "launch", "commit", "respond"])
    }

    @Test("the key is known after a restart")
    func idempotencyAfterRestart() throws {
        let gateway = try TestGateway()
        let first = try gateway.spawn(gateway.connect(.owner()), ["task": "w", "idempotencyKey": "k"])
        let next = try gateway.restarted()
        let again = try next.spawn(next.connect(.owner()), ["task": "w", "idempotencyKey": "k"])
        #expect(again.runID == first.runID)
    }

    // MARK: - Failing commits

    @Test("a spawn that cannot be made durable is rolled back and answered UNAVAILABLE")
    func rollback() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        gateway.commitMode = .failing
        let params: JSON = ["task": "w", "idempotencyKey": "k"]
        let answer = gateway.call(owner, .sessionsSpawn, params)
        #expect(answer?["error"]?["code"] == "UNAVAILABLE")
        #expect(answer?["error"]?["retryable"] == true)
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(gateway.core.table.runs.isEmpty)
        #expect(Array(gateway.core.table.sessions.keys) == [TestGateway.mainKey])
        gateway.commitMode = .atOnce
        #expect(try gateway.spawn(owner, params).order != nil)
    }

    @Test("after a failed first spawn the gateway session's own grant is stored with the next one")
    func speakerIsStored() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.commitMode = .failing
        gateway.call(owner, .sessionsSpawn, ["task": "w"])
        gateway.commitMode = .atOnce
        let child = try gateway.spawn(owner)
        let order = try #require(child.order)
        let issuer = try #require(gateway.store.grants[order.identity.deviceID]?.issuerDeviceId)
        #expect(gateway.store.grants[issuer]?.runId == "")
    }

    @Test("the place of a spawn that failed goes to the next in the queue")
    func rollbackFreesPlace() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        let owner = gateway.connect(.owner())
        gateway.commitMode = .held
        gateway.call(owner, .sessionsSpawn, ["task": "first"])
        gateway.call(owner, .sessionsSpawn, ["task": "second"])
        _ = gateway.takeSteps()
        gateway.releaseFailingFirst()
        let steps = gateway.takeSteps()
        #expect(steps.launches.count == 1)
        #expect(steps.launches.first.flatMap { gateway.core.table.runs[$0.runID]?.task } == "second")
    }
}
