import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("A presented grant is a spawn")
struct PresentedGrantTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
    }

    /// What a parent signs for a child that it starts elsewhere.
    private func grant(
        from parent: SigningIdentity, to child: SigningIdentity, jti: String, agent: String = "worker", depth: Int,
        lifeSeconds: Int64 = 3600, scopes: ScopeSet = ScopeSet(.read, .write)
    ) -> String {
        let now = gateway.nowMs / 1000
        return SpawnGrant(
            issuer: parent.deviceID, subject: child.deviceID, audience: gateway.root.deviceID, issuedAt: now,
            notBefore: now, expiresAt: now + lifeSeconds, spawnID: jti, sessionKey: "agent:\(agent):subagent:\(jti)",
            scopes: scopes, depth: depth, publicKey: child.key.publicKey
        ).signed(by: parent)
    }

    private func child(of parent: SigningIdentity, jti: String, agent: String = "worker") throws -> SigningIdentity {
        try parent.child(sessionKey: "agent:\(agent):subagent:\(jti)", spawnID: jti)
    }

    private func present(
        _ identity: SigningIdentity, _ grants: [String], token: String = Peer.sharedToken
    ) -> ConnectionID {
        var peer = Peer.remote(identity, scopes: ["operator.write"])
        peer.grants = grants
        peer.auth = .init(token: token)
        return gateway.connect(peer)
    }

    /// A running child of the main session, which may issue.
    private func parent() throws -> (child: TestGateway.Child, identity: SigningIdentity, worker: ConnectionID) {
        let (child, worker) = try gateway.running(owner)
        let order = try #require(child.order)
        _ = gateway.takeSteps()
        return (child, order.identity, worker)
    }

    @Test("session, run and grant are committed before hello")
    func spawn() throws {
        let (parent, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        let id = present(identity, [grant(from: issuer, to: identity, jti: "j1", depth: 2)])
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "open"])
        #expect(gateway.store.sessions["agent:worker:subagent:j1"]?.parentKey == parent.sessionKey)
        #expect(gateway.store.runs["j1"]?.external == true)
        #expect(gateway.store.runs["j1"]?.status == .running)
        #expect(gateway.store.grants[identity.deviceID]?.registered == false)
        #expect(gateway.core.table.activeChildren(of: parent.sessionKey).map(\.runID) == ["j1"])
        guard case .open(id, let admitted, _)? = steps.last else { return }
        #expect(Set(admitted.scopes.names) == ["operator.read", "operator.write"])
        #expect(gateway.complete(id, "j1", text: "from afar")?["ok"] == true)
        #expect(gateway.store.results["j1"]?.requesterKey == parent.sessionKey)
    }

    @Test("the same grant again is a reconnect, not a spawn")
    func reconnect() throws {
        let (_, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        let text = grant(from: issuer, to: identity, jti: "j1", depth: 2)
        gateway.disconnect(present(identity, [text]))
        _ = gateway.takeSteps()
        _ = present(identity, [text])
        #expect(gateway.takeSteps().names == ["open"])
        #expect(gateway.core.table.runs.count == 2)
    }

    @Test("a later expiry renews, and is stored")
    func renewal() throws {
        let (_, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        gateway.disconnect(present(identity, [grant(from: issuer, to: identity, jti: "j1", depth: 2)]))
        gateway.nowMs += 1_800_000
        _ = present(identity, [grant(from: issuer, to: identity, jti: "j1", depth: 2)])
        #expect(gateway.store.grants[identity.deviceID]?.expiresAtMs == gateway.nowMs + 3_600_000)
    }

    @Test("a whole chain is as many spawns, root first")
    func chain() throws {
        let (parent, issuer, _) = try parent()
        let first = try child(of: issuer, jti: "j1")
        let second = try child(of: first, jti: "j2")
        _ = present(
            second,
            [
                grant(from: issuer, to: first, jti: "j1", depth: 2),
                grant(from: first, to: second, jti: "j2", depth: 3),
            ])
        #expect(gateway.takeSteps().names == ["commit", "open"])
        #expect(gateway.core.table.runsBelow(parent.sessionKey).map(\.runID) == ["j1", "j2"])
    }

    @Test("a policy refusal carries upstream's text and leaves nothing, not even the first of a chain")
    func policy() throws {
        let (parent, issuer, _) = try parent()
        let first = try child(of: issuer, jti: "j1")
        let second = try child(of: first, jti: "j2", agent: "helper")
        let id = present(
            second,
            [
                grant(from: issuer, to: first, jti: "j1", depth: 2),
                grant(from: first, to: second, jti: "j2", agent: "helper", depth: 3),
            ])
        let error = try #require(gateway.takeSteps().responses(to: id).first?["error"])
        #expect(error["message"] == "agentId is not allowed for sessions_spawn (allowed: worker)")
        #expect(error["details"]?["code"] == "SPAWN_REFUSED")
        #expect(error["details"]?["reason"] == "allow-agents")
        #expect(gateway.core.table.runsBelow(parent.sessionKey).isEmpty)
        #expect(gateway.core.trust.lineage[first.deviceID] == nil)
    }

    @Test("the limit of active children counts presented ones too")
    func children() throws {
        let gateway = try TestGateway(limits: { $0.maxChildrenPerAgent = 1 })
        let (child, _) = try gateway.running(gateway.connect(.owner()))
        let issuer = try #require(child.order).identity
        var answers: [JSON?] = []
        for jti in ["j1", "j2"] {
            let identity = try self.child(of: issuer, jti: jti)
            let now = gateway.nowMs / 1000
            let text = SpawnGrant(
                issuer: issuer.deviceID, subject: identity.deviceID, audience: gateway.root.deviceID, issuedAt: now,
                notBefore: now, expiresAt: now + 60, spawnID: jti, sessionKey: "agent:worker:subagent:\(jti)",
                scopes: ScopeSet(.read), depth: 2, publicKey: identity.key.publicKey
            ).signed(by: issuer)
            var peer = Peer.remote(identity)
            peer.grants = [text]
            _ = gateway.takeSteps()
            let id = gateway.connect(peer)
            answers.append(gateway.takeSteps().responses(to: id).first?["error"]?["message"])
        }
        #expect(answers == [nil, "sessions_spawn has reached max active children for this session (1/1)"])
    }

    @Test("a grant that names an existing session is refused")
    func existingSession() throws {
        let (_, issuer, _) = try parent()
        let sibling = try gateway.spawn(owner, ["task": "w", "agentId": "worker"])
        let identity = try child(of: issuer, jti: sibling.runID)
        let id = present(identity, [grant(from: issuer, to: identity, jti: sibling.runID, depth: 2)])
        let error = try #require(gateway.takeSteps().responses(to: id).first?["error"])
        #expect(error["details"]?["code"] == "SPAWN_GRANT_REFUSED")
        #expect(error["details"]?["reason"] == "jti-conflict")
    }

    @Test("a grant cannot take over a run by using its id under another agent")
    func takeOver() throws {
        let (_, issuer, _) = try parent()
        let (sibling, worker) = try gateway.running(owner)
        let identity = try child(of: issuer, jti: sibling.runID)
        let id = present(identity, [grant(from: issuer, to: identity, jti: sibling.runID, depth: 2)])
        let error = try #require(gateway.steps.responses(to: id).first?["error"])
        #expect(error["details"]?["reason"] == "jti-conflict")
        #expect(gateway.core.table.runs[sibling.runID]?.sessionKey == sibling.sessionKey)
        #expect(gateway.complete(worker, sibling.runID)?["ok"] == true)
    }

    @Test(
        "what does not hold is refused with its verdict",
        arguments: ["scope-escalation", "depth-mismatch", "bad-signature", "unknown-issuer", "expired"])
    func verdicts(_ verdict: String) throws {
        let (_, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        var text = grant(from: issuer, to: identity, jti: "j1", depth: 2)
        switch verdict {
        case "scope-escalation":
            text = grant(from: issuer, to: identity, jti: "j1", depth: 2, scopes: ScopeSet(.admin))
        case "depth-mismatch": text = grant(from: issuer, to: identity, jti: "j1", depth: 3)
        case "bad-signature":
            let forged = grant(from: try Peer.key(9), to: identity, jti: "j1", depth: 2)
            text =
                String(text[..<(text.lastIndex(of: ".") ?? text.endIndex)])
                + String(forged[(forged.lastIndex(of: ".") ?? forged.startIndex)...])
        case "unknown-issuer": text = grant(from: try Peer.key(9), to: identity, jti: "j1", depth: 2)
        default: gateway.nowMs += 3_661_000
        }
        let id = present(identity, [text])
        let steps = gateway.takeSteps()
        #expect(steps.responses(to: id).first?["error"]?["details"]?["reason"] == .string(verdict))
        #expect(steps.closes.first?.1 == GatewayClose(1008, "spawn grant refused: \(verdict)"))
        #expect(gateway.core.table.runs["j1"] == nil)
    }

    @Test("the lineage's credential is needed besides the grant")
    func credential() throws {
        let (_, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        let id = present(identity, [grant(from: issuer, to: identity, jti: "j1", depth: 2)], token: "guess")
        #expect(gateway.takeSteps().responses(to: id).first?["ok"] == false)
        #expect(gateway.core.table.runs["j1"] == nil)
    }

    @Test("the parent's end ends what it launched elsewhere, which may hand in what it has and nothing else")
    func parentEnds() throws {
        let (parent, issuer, worker) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        let text = grant(from: issuer, to: identity, jti: "j1", depth: 2)
        let id = present(identity, [text])
        gateway.complete(worker, parent.runID)
        #expect(gateway.end(of: "j1")?.status == .killed)
        #expect(!gateway.open.contains(id))
        _ = gateway.takeSteps()
        let again = present(identity, [text])
        #expect(gateway.open.contains(again))
        #expect(gateway.call(again, .sessionsList)?["error"]?["details"]?["code"] == "RUN_ENDED")
        gateway.nowMs += LineageRegistry.reportingGraceMs
        _ = gateway.takeSteps()
        let late = present(identity, [text])
        #expect(gateway.takeSteps().responses(to: late).first?["error"]?["details"]?["reason"] == "run-ended")
    }

    @Test("when the spawn cannot be stored, nothing of it stays, and the child may try again")
    func failedCommit() throws {
        let (_, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        let text = grant(from: issuer, to: identity, jti: "j1", depth: 2)
        gateway.commitMode = .failing
        let id = present(identity, [text])
        #expect(gateway.takeSteps().responses(to: id).first?["error"]?["code"] == "UNAVAILABLE")
        #expect(gateway.core.table.runs["j1"] == nil)
        gateway.commitMode = .atOnce
        _ = present(identity, [text])
        #expect(gateway.takeSteps().names == ["commit", "open"])
        #expect(gateway.store.runs["j1"] != nil)
    }

    @Test("a run whose presented grant expires unrenewed ends as lost and frees its place")
    func expiry() throws {
        let (_, issuer, _) = try parent()
        let identity = try child(of: issuer, jti: "j1")
        _ = present(identity, [grant(from: issuer, to: identity, jti: "j1", depth: 2)])
        gateway.advance(ms: 3_600_000)
        #expect(gateway.end(of: "j1") == nil)
        gateway.advance(ms: 120_001)
        #expect(gateway.end(of: "j1")?.status == .lost)
        #expect(gateway.end(of: "j1")?.cause == "its grant has expired")
    }
}
