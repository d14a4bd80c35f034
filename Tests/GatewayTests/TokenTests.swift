import Crypto
import Gateway
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@Suite("device.token.*, device.enroll.* and auth.*, wire protocol 6.8 and our additions")
struct TokenTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
    }

    private func enrol(_ key: SigningIdentity, scopes: [String] = ["operator.write", "operator.pairing"]) throws
        -> String
    {
        let answer = gateway.call(
            owner, .deviceEnrollCreate, ["scopes": .array(scopes.map { .string($0) }), "uses": 1, "label": "ci"])
        let token = try #require(answer?["payload"]?["token"]?.string)
        var peer = Peer.remote(key, scopes: scopes)
        peer.auth = .init(bootstrapToken: token)
        _ = gateway.takeSteps()
        let id = gateway.connect(peer)
        let hello = try #require(
            gateway.takeSteps().compactMap { step -> JSON? in
                if case .open(id, _, let hello) = step { hello } else { nil }
            }.first)
        gateway.disconnect(id)
        return try #require(hello["payload"]?["auth"]?["deviceToken"]?.string)
    }

    private func session(
        _ key: SigningIdentity, _ token: String, scopes: [String] = ["operator.write", "operator.pairing"]
    )
        -> ConnectionID
    {
        var peer = Peer.remote(key, scopes: scopes)
        peer.auth = .init(deviceToken: token)
        return gateway.connect(peer)
    }

    private func isOpen(_ id: ConnectionID, _ gateway: TestGateway? = nil) -> Bool {
        (gateway ?? self.gateway).open.contains(id)
    }

    @Test("an enrolled device is stored with its token before it is let in, and its use with it")
    func enrolment() throws {
        let key = try Peer.key(1)
        let token = try enrol(key)
        #expect(gateway.store.devices[key.deviceID]?.approvedVia == "enrolment")
        #expect(gateway.store.invitations.values.map(\.usesLeft) == [0])
        #expect(gateway.store.invitations.values.first?.usedBy == [key.deviceID])
        #expect(isOpen(session(key, token)))
        // All of it is there after a restart.
        let next = try gateway.restarted()
        var peer = Peer.remote(key, scopes: ["operator.write"])
        peer.auth = .init(deviceToken: token)
        #expect(isOpen(next.connect(peer), next))
        let list = next.call(next.connect(.owner()), .deviceEnrollList)?["payload"]?["invitations"]?.array
        #expect(list?.count == 1 && list?.first?["label"] == "ci" && list?.first?["token"] == nil)
    }

    @Test("when the commit fails nothing is used up and nobody is paired")
    func enrolmentFails() throws {
        let key = try Peer.key(1)
        let answer = gateway.call(owner, .deviceEnrollCreate, [:])
        var peer = Peer.remote(key, scopes: ["operator.read"])
        peer.auth = .init(bootstrapToken: try #require(answer?["payload"]?["token"]?.string))
        gateway.commitMode = .failing
        #expect(!isOpen(gateway.connect(peer)))
        #expect(gateway.core.trust.pairing.devices[key.deviceID] == nil)
        #expect(gateway.core.trust.invitations.all.map(\.usesLeft) == [1])
        gateway.commitMode = .atOnce
        #expect(isOpen(gateway.connect(peer)))
    }

    @Test("nobody makes an enrolment token for more than it has, and a device session makes none")
    func enrolmentDenied() throws {
        let pairing = gateway.connect(.owner(scopes: ["operator.pairing", "operator.read"]))
        #expect(gateway.call(pairing, .deviceEnrollCreate, ["scopes": ["operator.read"]])?["ok"] == true)
        let beyond = gateway.call(pairing, .deviceEnrollCreate, ["scopes": ["operator.write"]])
        #expect(beyond?["error"]?["message"] == "missing scope: operator.write")
        let key = try Peer.key(1)
        let device = session(key, try enrol(key))
        #expect(
            gateway.call(device, .deviceEnrollCreate, ["scopes": []])?["error"]?["message"]
                == "device enrolment denied")
        let node = gateway.call(owner, .deviceEnrollCreate, ["role": "node", "scopes": ["operator.read"]])
        #expect(node?["error"]?["message"] == "invalid scope for requested roles: operator.read")
        for bad in [["uses": 0], ["uses": 10_001], ["ttlMs": 999], ["role": "king"], ["kind": "x"]] as [JSON] {
            #expect(gateway.call(owner, .deviceEnrollCreate, bad)?["error"]?["code"] == "INVALID_REQUEST", "\(bad)")
        }
    }

    @Test("a revoked enrolment token is none")
    func revokeEnrolment() throws {
        let answer = gateway.call(owner, .deviceEnrollCreate, [:])?["payload"]
        let id = try #require(answer?["id"])
        #expect(gateway.call(owner, .deviceEnrollRevoke, ["id": id])?["payload"] == ["id": id])
        #expect(gateway.call(owner, .deviceEnrollRevoke, ["id": id])?["error"]?["message"] == "unknown id")
        #expect(gateway.store.invitations.isEmpty)
        var peer = Peer.remote(try Peer.key(1), scopes: ["operator.read"])
        peer.auth = .init(bootstrapToken: try #require(answer?["token"]?.string))
        #expect(!isOpen(gateway.connect(peer)))
    }

    @Test("a device rotates its own token: the answer has the new one, the old one is void, others of it are closed")
    func rotateOwn() throws {
        let key = try Peer.key(1)
        let old = try enrol(key)
        let (asking, other) = (session(key, old), session(key, old))
        _ = gateway.takeSteps()
        let answer = gateway.call(asking, .deviceTokenRotate, ["deviceId": .string(key.deviceID), "role": "operator"])
        let fresh = try #require(answer?["payload"]?["token"]?.string)
        #expect(gateway.takeSteps().closes.map(\.0) == [other])
        #expect(gateway.open.contains(asking) && !gateway.open.contains(other))
        // Its own connection has had its answer; whatever it asks for now ends it.
        _ = gateway.call(asking, .health)
        #expect(gateway.takeSteps().closes.map(\.1) == [.clientInvalidated("device-token-rotated")])
        #expect(!isOpen(session(key, old)))
        #expect(isOpen(session(key, fresh)))
    }

    @Test("the owner rotates another's token: nobody sees the new one, and the device gets another with the secret")
    func rotateOther() throws {
        let key = try Peer.key(1)
        let old = try enrol(key)
        let answer = gateway.call(
            owner, .deviceTokenRotate,
            ["deviceId": .string(key.deviceID), "role": "operator", "scopes": ["operator.read"]])
        #expect(answer?["payload"]?["token"] == nil && answer?["payload"]?["scopes"] == ["operator.read"])
        #expect(!isOpen(session(key, old, scopes: ["operator.read"])))
        _ = gateway.takeSteps()
        #expect(isOpen(gateway.connect(.remote(key, scopes: ["operator.read"]))))
        let hello = gateway.takeSteps().compactMap { if case .open(_, _, let hello) = $0 { hello } else { nil } }.first
        #expect(hello?["payload"]?["auth"]?["deviceToken"]?.string != nil)
    }

    @Test("what may not be rotated or revoked is denied in upstream's words")
    func denied() throws {
        let (key, stranger) = (try Peer.key(1), try Peer.key(2))
        let device = session(key, try enrol(key))
        let cases: [(ConnectionID, JSON)] = [
            (owner, ["deviceId": .string(stranger.deviceID), "role": "operator"]),
            (owner, ["deviceId": .string(key.deviceID), "role": "node"]),
            (owner, ["deviceId": .string(key.deviceID), "role": "operator", "scopes": ["operator.admin"]]),
            (device, ["deviceId": .string(stranger.deviceID), "role": "operator"]),
        ]
        for (caller, params) in cases {
            #expect(
                gateway.call(caller, .deviceTokenRotate, params)?["error"]?["message"]
                    == "device token rotation denied", "\(params)")
        }
        #expect(
            gateway.call(device, .deviceTokenRevoke, ["deviceId": .string(stranger.deviceID), "role": "operator"])?[
                "error"]?[
                    "message"] == "device token revocation denied")
    }

    @Test("a revoked token closes its connections, stays revoked, and survives a restart as that")
    func revoke() throws {
        let key = try Peer.key(1)
        let token = try enrol(key)
        let device = session(key, token)
        _ = gateway.takeSteps()
        let answer = gateway.call(owner, .deviceTokenRevoke, ["deviceId": .string(key.deviceID), "role": "operator"])
        #expect(answer?["payload"]?["revokedAtMs"] == .integer(gateway.nowMs))
        #expect(gateway.takeSteps().closes.map(\.0) == [device])
        #expect(!isOpen(session(key, token)))
        let again = gateway.call(owner, .deviceTokenRotate, ["deviceId": .string(key.deviceID), "role": "operator"])
        #expect(again?["error"]?["message"] == "device token rotation denied", "a new token would make it good again")
        let next = try gateway.restarted(afterMs: 1_000)
        var peer = Peer.remote(key, scopes: ["operator.write"])
        peer.auth = .init(deviceToken: token)
        #expect(!isOpen(next.connect(peer), next))
    }

    @Test(
        "what a device spawns over the very connection with which it enrolled ends when the device is revoked",
        arguments: ["enrolment", "setup-code"], [Wire.Method.deviceTokenRevoke, .devicePairRemove])
    func childOfInvited(_ kind: String, _ method: Wire.Method) throws {
        let scopes: JSON = ["operator.read", "operator.write"]
        let answer = gateway.call(owner, .deviceEnrollCreate, ["kind": .string(kind), "scopes": scopes])
        let key = try Peer.key(1)
        var peer = Peer.remote(key, scopes: ["operator.write"])
        peer.auth = .init(bootstrapToken: try #require(answer?["payload"]?["token"]?.string))
        let device = gateway.connect(peer)
        let (child, worker) = try gateway.running(device)
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: child.runID))
        #expect(entry.asker == key.deviceID)
        gateway.call(owner, method, ["deviceId": .string(key.deviceID), "role": "operator"])
        #expect(!isOpen(device) && !isOpen(worker))
        #expect(gateway.end(of: child.runID)?.status == .killed)
        #expect(gateway.core.trust.lineage[entry.deviceID].map { $0.state == .live } == false)
    }

    @Test("ten different wrong tokens lock an address out; the owner ends it")
    func lockout() throws {
        func knock(_ token: String) -> JSON? {
            var peer = Peer.remote(Self.guesser, scopes: ["operator.read"])
            peer.auth = .init(token: token)
            let id = gateway.connect(peer)
            return gateway.steps.responses(to: id).first?["error"]?["details"]?["code"]
        }
        for _ in 0..<30 { #expect(knock("stale") == "AUTH_TOKEN_MISMATCH") }
        for number in 0..<9 { #expect(knock("guess \(number)") == "AUTH_TOKEN_MISMATCH") }
        #expect(knock(Peer.sharedToken) == "AUTH_RATE_LIMITED")
        let list = gateway.call(owner, .authLockouts)?["payload"]?["lockouts"]?.array
        #expect(list?.map { $0["client"] } == ["10.0.0.9"])
        #expect(gateway.call(owner, .authUnlock, ["client": "10.0.0.9"])?["payload"] == ["unlocked": ["10.0.0.9"]])
        #expect(knock(Peer.sharedToken) == "PAIRING_REQUIRED")
    }

    private static let guesser = (try? Peer.key(9))!
}
