import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Conditions of the gateway's own rules of which one alone decides")
struct ConditionTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
    }

    private func local(_ key: SigningIdentity, scopes: [String]) -> Peer {
        var peer = Peer.owner(scopes: scopes)
        peer.identity = key
        peer.client = Peer.remote(key).client
        return peer
    }

    private func isOpen(_ id: ConnectionID) -> Bool { gateway.open.contains(id) }

    private func message(_ caller: ConnectionID, _ method: Wire.Method, _ params: JSON) -> JSON? {
        gateway.call(caller, method, params)?["error"]?["message"]
    }

    private func request(_ peer: Peer) throws -> String {
        let id = gateway.connect(peer)
        return try #require(gateway.steps.responses(to: id).first?["error"]?["details"]?["requestId"]?.string)
    }

    private func pending() -> [String] {
        gateway.core.trust.pairing.pending(nowMs: gateway.nowMs).map(\.requestID)
    }

    // MARK: Who manages whom

    @Test(
        "a device session manages no other device's token; who is no admin manages no node's, and gives no more than it has"
    )
    func managing() throws {
        let (one, two) = (try Peer.key(1), try Peer.key(2))
        let hello = gateway.connect(local(one, scopes: ["operator.write", "operator.pairing"]))
        let token = try #require(
            gateway.takeSteps().compactMap { if case .open(hello, _, let frame) = $0 { frame } else { nil } }.first?[
                "payload"]?["auth"]?["deviceToken"]?.string)
        _ = gateway.connect(local(two, scopes: ["operator.write"]))
        var session = Peer.remote(one, scopes: ["operator.write", "operator.pairing"])
        session.auth = .init(deviceToken: token)
        let device = gateway.connect(session)
        let other: JSON = ["deviceId": .string(two.deviceID), "role": "operator"]
        #expect(message(device, .deviceTokenRotate, other) == "device token rotation denied")
        #expect(message(device, .deviceTokenRevoke, other) == "device token revocation denied")

        let pairer = gateway.connect(.owner(scopes: ["operator.pairing", "operator.read"]))
        let beyond: JSON = ["deviceId": .string(two.deviceID), "role": "operator", "scopes": ["operator.write"]]
        #expect(message(pairer, .deviceTokenRotate, beyond) == "device token rotation denied")
        let invitation = gateway.call(owner, .deviceEnrollCreate, ["role": "node"])?["payload"]
        var node = Peer.remote(try Peer.key(3), scopes: [])
        node.role = .node
        node.auth = .init(bootstrapToken: try #require(invitation?["token"]?.string))
        #expect(isOpen(gateway.connect(node)))
        let params: JSON = ["deviceId": .string(try Peer.key(3).deviceID), "role": "node"]
        #expect(message(pairer, .deviceTokenRotate, params) == "device token rotation denied")
        #expect(gateway.call(owner, .deviceTokenRotate, params)?["ok"] == true)
        #expect(message(pairer, .deviceEnrollCreate, ["role": "node"]) == "device enrolment denied")
    }

    @Test("a setup code is for one device, whatever is asked for")
    func setupCode() {
        let answer = gateway.call(owner, .deviceEnrollCreate, ["kind": "setup-code", "uses": 5])
        #expect(answer?["payload"]?["usesLeft"] == 1)
    }

    @Test("there are only so many invitations at a time")
    func invitations() throws {
        for number in 0..<Invitation.maxInvitations {
            gateway.core.trust.invitations.put(
                Invitation(
                    id: "\(number)", digest: [UInt8(number & 0xFF), UInt8(number >> 8)], kind: .enrolment,
                    roles: ["operator"], scopes: ScopeSet(.read), usesLeft: 1, createdAtMs: gateway.nowMs,
                    expiresAtMs: gateway.nowMs + 1_000))
        }
        #expect(message(owner, .deviceEnrollCreate, [:])?.string?.contains("1000 enrolment tokens") == true)
    }

    // MARK: Spawns

    @Test("a child has no scope that who asked for it has not")
    func childScopes() throws {
        let gateway = try TestGateway(limits: { $0.scopes = ["operator.write", "operator.approvals"] })
        for (asked, expected) in [(["operator.write"], false), (["operator.write", "operator.approvals"], true)] {
            let child = try gateway.spawn(gateway.connect(.owner(scopes: asked)))
            let entry = gateway.core.trust.lineage.entry(forRun: child.runID)
            #expect(entry?.scopes.covers(.write) == true && entry?.scopes.covers(.approvals) == expected)
        }
    }

    private func present(_ parent: SigningIdentity, _ spawnID: String, scopes: ScopeSet) throws -> (Peer, String) {
        let sessionKey = "agent:main:subagent:\(spawnID)"
        let child = try parent.child(sessionKey: sessionKey, spawnID: spawnID)
        let seconds = gateway.nowMs / 1000
        let grant = SpawnGrant(
            issuer: parent.deviceID, subject: child.deviceID, audience: gateway.root.deviceID, issuedAt: seconds,
            notBefore: seconds, expiresAt: seconds + 3600, spawnID: spawnID, sessionKey: sessionKey, scopes: scopes,
            depth: 1, publicKey: child.key.publicKey
        ).signed(by: parent)
        let connection = gateway.connect(local(parent, scopes: scopes.names))
        let hello = gateway.takeSteps().compactMap { step -> JSON? in
            if case .open(connection, _, let frame) = step { frame } else { nil }
        }.first
        var peer = Peer.remote(child, scopes: scopes.names)
        peer.grants = [grant]
        peer.auth = .init(deviceToken: try #require(hello?["payload"]?["auth"]?["deviceToken"]?.string))
        return (peer, sessionKey)
    }

    @Test("a presented child has at most what the configuration gives children")
    func presentedScopes() throws {
        let (peer, _) = try present(try Peer.key(1), "p1", scopes: ScopeSet(.write, .approvals))
        let id = gateway.connect(peer)
        #expect(isOpen(id))
        #expect(gateway.core.connections[id]?.admitted.scopes.covers(.write) == true)
        #expect(gateway.core.connections[id]?.admitted.scopes.covers(.approvals) == false)
    }

    @Test("a presented child takes no session that is there already")
    func presentedSession() throws {
        let (peer, sessionKey) = try present(try Peer.key(1), "p1", scopes: ScopeSet(.write))
        gateway.core.table.insert(
            Session(
                key: sessionKey, sessionID: "s", agentID: "main", kind: .spawned, label: nil, parentKey: nil, depth: 1,
                createdAtMs: gateway.nowMs, updatedAtMs: gateway.nowMs))
        let id = gateway.connect(peer)
        #expect(gateway.steps.responses(to: id).first?["error"]?["details"]?["reason"] == "session-exists")
    }

    // MARK: Lockouts

    @Test("who knocks during its lockout keeps its place when the table is full")
    func knocking() throws {
        let key = try Peer.key(9)
        func knock(_ token: String) -> JSON? {
            var peer = Peer.remote(key, scopes: ["operator.read"])
            peer.auth = .init(token: token)
            let id = gateway.connect(peer)
            return gateway.steps.responses(to: id).first?["error"]?["details"]?["code"]
        }
        for number in 0..<10 { _ = knock("guess \(number)") }
        let digests = (0..<10).map { SHA256.digest([UInt8($0)]) }
        for number in 1..<AuthLimiter.maxClients {
            _ = gateway.core.trust.limiter.failed("client \(number)", digests: digests, nowMs: gateway.nowMs)
        }
        #expect(knock("once more") == "AUTH_RATE_LIMITED")
        _ = gateway.core.trust.limiter.failed("newcomer", digests: [digests[0]], nowMs: gateway.nowMs)
        #expect(knock("and again") == "AUTH_RATE_LIMITED")
    }

    // MARK: Failed commits

    @Test("a request that came while another was approved in vain takes its place")
    func reopened() throws {
        let key = try Peer.key(1)
        let first = try request(.remote(key))
        gateway.commitMode = .held
        gateway.call(owner, .devicePairApprove, ["requestId": .string(first)])
        gateway.connect(.remote(key, scopes: ["operator.admin"]))
        let second = pending()
        #expect(second.count == 1 && second != [first])
        gateway.releaseFailingFirst()
        #expect(pending() == second)
        gateway.advance(ms: 5_000)
        #expect(Array(gateway.store.pending.keys) == second)
    }

    @Test("a request that a rule made needless in vain is there again")
    func superseded() throws {
        let key = try Peer.key(1)
        let first = try request(.remote(key))
        gateway.commitMode = .failing
        gateway.connect(local(key, scopes: ["operator.write"]))
        #expect(pending() == [first])
    }

    @Test("a connection is closed when the role, or a scope, by which it came could not be stored")
    func upgradesInVain() throws {
        let key = try Peer.key(1)
        gateway.disconnect(gateway.connect(local(key, scopes: ["operator.read"])))
        gateway.commitMode = .held
        let wider = [
            gateway.connect(local(key, scopes: ["operator.write"])),
            gateway.connect(local(key, scopes: ["operator.write"])),
        ]
        gateway.release(.failing)
        #expect(!wider.contains(where: isOpen))
        let kept = gateway.connect(local(key, scopes: ["operator.read"]))
        gateway.call(owner, .deviceTokenRevoke, ["deviceId": .string(key.deviceID), "role": "operator"])
        #expect(!isOpen(kept))
        gateway.commitMode = .held
        let revived = [
            gateway.connect(local(key, scopes: ["operator.read"])),
            gateway.connect(local(key, scopes: ["operator.read"])),
        ]
        gateway.release(.failing)
        #expect(!revived.contains(where: isOpen))
        #expect(!gateway.core.trust.isPaired(key.deviceID))
    }

    @Test("what is owed of a device waits for its change that is under way")
    func underWay() throws {
        let key = try Peer.key(1)
        gateway.disconnect(gateway.connect(local(key, scopes: ["operator.read"])))
        gateway.commitMode = .failing
        gateway.connect(local(key, scopes: ["operator.pairing"]))
        gateway.commitMode = .held
        gateway.connect(local(key, scopes: ["operator.write"]))
        gateway.advance(ms: 5_000)
        gateway.releaseFailingFirst()
        #expect(gateway.store.devices[key.deviceID]?.approvedScopes == ["operator.read"], "not what may be taken back")
        gateway.advance(ms: 5_000)
        #expect(gateway.store.devices[key.deviceID]?.approvedScopes == ["operator.read"])
    }
}
