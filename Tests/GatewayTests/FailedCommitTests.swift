import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("When the disk refuses a change of trust")
struct FailedCommitTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
    }

    /// A device on the gateway's host, which pairs silently.
    private func local(_ key: SigningIdentity, scopes: [String]) -> Peer {
        var peer = Peer.owner(scopes: scopes)
        peer.identity = key
        peer.client = Peer.remote(key).client
        return peer
    }

    private func device(_ key: SigningIdentity) -> PairedDevice? { gateway.core.trust.pairing.devices[key.deviceID] }

    private func request(_ key: SigningIdentity, scopes: [String] = ["operator.write"]) throws -> String {
        let id = gateway.connect(.remote(key, scopes: scopes))
        return try #require(gateway.steps.responses(to: id).first?["error"]?["details"]?["requestId"]?.string)
    }

    private func isOpen(_ id: ConnectionID) -> Bool { gateway.open.contains(id) }

    /// Time for what is owed to the disk.
    private func settle() { gateway.advance(ms: 5_000) }

    /// The disk has what memory has.
    private func expectSettled(_ where: SourceLocation = #_sourceLocation) {
        let (trust, store) = (gateway.core.trust, gateway.store)
        func bare(_ record: DeviceRecord?) -> DeviceRecord? {
            var record = record
            record?.lastSeenAtMs = nil
            return record
        }
        for id in Set(trust.pairing.devices.keys).union(store.devices.keys) {
            #expect(bare(store.devices[id]) == bare(trust.pairing.devices[id]?.record), sourceLocation: `where`)
            for role in ["operator", "node"] {
                let (kept, known) = (
                    store.deviceTokens["\(id) \(role)"], trust.pairing.devices[id]?.tokens[role]
                )
                #expect(kept?.tokenSHA256 == known?.digest, sourceLocation: `where`)
                #expect(kept?.scopes == known?.scopes.names, sourceLocation: `where`)
                #expect(kept?.revokedAtMs == known?.revokedAtMs, sourceLocation: `where`)
            }
        }
        #expect(
            store.invitations.mapValues(\.usesLeft)
                == Dictionary(uniqueKeysWithValues: trust.invitations.all.map { ($0.id, $0.usesLeft) }),
            sourceLocation: `where`)
        // Those whose time is over go with the next housekeeping.
        let waiting = store.pending.values.filter { gateway.nowMs < $0.createdAtMs + PendingPairing.lifeMs }
        #expect(
            Set(waiting.map(\.requestId)) == Set(trust.pairing.pending(nowMs: gateway.nowMs).map(\.requestID)),
            sourceLocation: `where`)
    }

    @Test("what failed is taken back, and what another did meanwhile stays")
    func overlapping() throws {
        let key = try Peer.key(1)
        gateway.commitMode = .held
        let first = gateway.connect(local(key, scopes: ["operator.pairing"]))
        let second = gateway.connect(local(key, scopes: ["operator.write"]))
        gateway.releaseFailingFirst()
        #expect(!isOpen(first) && isOpen(second))
        #expect(device(key)?.approvedScopes.names == ["operator.write"], "and not what the first asked for")
        let hello = gateway.takeSteps().compactMap { if case .open(_, _, let hello) = $0 { hello } else { nil } }.first
        var again = Peer.remote(key, scopes: ["operator.write"])
        again.auth = .init(deviceToken: try #require(hello?["payload"]?["auth"]?["deviceToken"]?.string))
        #expect(isOpen(gateway.connect(again)))
        settle()
        expectSettled()
    }

    @Test("a failure takes nothing from those before it")
    func secondFails() throws {
        let key = try Peer.key(1)
        gateway.commitMode = .held
        let first = gateway.connect(local(key, scopes: ["operator.pairing"]))
        let second = gateway.connect(local(key, scopes: ["operator.write"]))
        gateway.release { $0 == 1 ? .failing : .atOnce }
        #expect(isOpen(first) && !isOpen(second))
        #expect(device(key)?.approvedScopes.names == ["operator.pairing"])
        #expect(device(key)?.isEffective(.operator) == true)
        settle()
        expectSettled()
    }

    @Test("whoever came in by what no disk has is closed, with what it started")
    func groundless() throws {
        let key = try Peer.key(1)
        let id = try request(key)
        gateway.commitMode = .held
        gateway.call(owner, .devicePairApprove, ["requestId": .string(id)])
        // Its token is on its way too: two commits behind each other.
        let device = gateway.connect(.remote(key))
        _ = gateway.takeSteps()
        gateway.releaseFailingFirst()
        #expect(!isOpen(device))
        let steps = gateway.takeSteps()
        #expect(steps.closes.map(\.1) == [.storeUnavailable])
        #expect(steps.responses(to: owner).first?["error"]?["code"] == "UNAVAILABLE")
        #expect(!gateway.core.trust.isPaired(key.deviceID))
        // The request is there again, and said to be.
        #expect(steps.events(.devicePairRequested).map { $0.payload["requestId"] } == [.string(id)])
        #expect(steps.events(.devicePairResolved).isEmpty)
        settle()
        expectSettled()
        #expect(gateway.call(owner, .devicePairApprove, ["requestId": .string(id)])?["ok"] == true)
        #expect(isOpen(gateway.connect(.remote(key))))
    }

    @Test("what a device spawned while its pairing was under way ends when that fails")
    func childrenOfGroundless() throws {
        let key = try Peer.key(1)
        gateway.commitMode = .held
        let first = gateway.connect(local(key, scopes: ["operator.write"]))
        // Covered by what is in memory, so it is let in at once.
        let second = gateway.connect(local(key, scopes: ["operator.write"]))
        #expect(isOpen(first) && isOpen(second))
        gateway.call(second, .sessionsSpawn, ["task": "work"])
        gateway.releaseFailingFirst()
        #expect(!isOpen(first) && !isOpen(second))
        #expect(gateway.core.table.unendedRuns.isEmpty)
        #expect(gateway.core.trust.lineage.all.allSatisfy { $0.runID == nil || $0.state != .live })
    }

    @Test("a use of an invitation that failed is given back, and no other; a revoked one does not come back")
    func invitations() throws {
        let answer = gateway.call(owner, .deviceEnrollCreate, ["uses": 3, "scopes": ["operator.read"]])?["payload"]
        let token = try #require(answer?["token"]?.string)
        let id = try #require(answer?["id"]?.string)
        func enrol(_ number: UInt8) throws -> ConnectionID {
            var peer = Peer.remote(try Peer.key(number), scopes: ["operator.read"])
            peer.auth = .init(bootstrapToken: token)
            return gateway.connect(peer)
        }
        gateway.commitMode = .held
        let (first, second) = (try enrol(1), try enrol(2))
        gateway.releaseFailingFirst()
        #expect(!isOpen(first) && isOpen(second))
        #expect(gateway.core.trust.invitations.find(id: id)?.usesLeft == 2)
        #expect(gateway.core.trust.invitations.find(id: id)?.usedBy == [try Peer.key(2).deviceID])
        settle()
        expectSettled()
        gateway.commitMode = .held
        _ = try enrol(3)
        gateway.call(owner, .deviceEnrollRevoke, ["id": .string(id)])
        gateway.releaseFailingFirst()
        #expect(gateway.core.trust.invitations.all.isEmpty)
        settle()
        expectSettled()
    }

    @Test("a child that was presented in vain is closed on every connection, and its grant may come again")
    func presented() throws {
        let parent = try Peer.key(1)
        gateway.disconnect(gateway.connect(local(parent, scopes: ["operator.write"])))
        let tokens = gateway.takeSteps().compactMap { step -> String? in
            guard case .open(_, _, let hello) = step else { return nil }
            return hello["payload"]?["auth"]?["deviceToken"]?.string
        }
        let token = try #require(tokens.first)
        let spawnID = "11111111-1111-4111-8111-111111111111"
        let sessionKey = "agent:main:subagent:\(spawnID)"
        let identity = try parent.child(sessionKey: sessionKey, spawnID: spawnID)
        let seconds = gateway.nowMs / 1000
        let grant = SpawnGrant(
            issuer: parent.deviceID, subject: identity.deviceID, audience: gateway.root.deviceID, issuedAt: seconds,
            notBefore: seconds, expiresAt: seconds + 3600, spawnID: spawnID, sessionKey: sessionKey,
            scopes: ScopeSet(.read, .write), depth: 1, publicKey: identity.key.publicKey
        ).signed(by: parent)
        var peer = Peer.remote(identity)
        peer.auth = .init(deviceToken: token)
        peer.grants = [grant]
        gateway.commitMode = .held
        let first = gateway.connect(peer)
        // Known by now, so it needs no commit.
        let second = gateway.connect(peer)
        _ = gateway.takeSteps()
        gateway.release(.failing)
        #expect(!isOpen(first) && !isOpen(second))
        #expect(gateway.takeSteps().closes.allSatisfy { $0.1 == .storeUnavailable })
        #expect(gateway.core.table.unendedRuns.isEmpty)
        #expect(gateway.core.trust.lineage[identity.deviceID] == nil)
        #expect(isOpen(gateway.connect(peer)))
    }

    @Test("a request whose rejection failed is still open")
    func rejection() throws {
        let id = try request(try Peer.key(1))
        gateway.commitMode = .failing
        #expect(gateway.call(owner, .devicePairReject, ["requestId": .string(id)])?["error"]?["code"] == "UNAVAILABLE")
        gateway.commitMode = .atOnce
        settle()
        expectSettled()
        #expect(gateway.call(owner, .devicePairReject, ["requestId": .string(id)])?["ok"] == true)
        #expect(gateway.store.pending.isEmpty)
    }

    @Test("a removal holds at once, is said to be not durable, and is written when the disk takes it")
    func removal() throws {
        let key = try Peer.key(1)
        let device = gateway.connect(local(key, scopes: ["operator.write"]))
        let child = try gateway.spawn(device)
        gateway.commitMode = .failing
        func remove() -> JSON? { gateway.call(owner, .devicePairRemove, ["deviceId": .string(key.deviceID)]) }
        let error = remove()?["error"]
        #expect(error?["code"] == "UNAVAILABLE")
        #expect(error?["details"]?["remediationHint"]?.string?.contains("holds already") == true)
        #expect(!isOpen(device))
        #expect(gateway.end(of: child.runID)?.status == .killed)
        #expect(!gateway.core.trust.isPaired(key.deviceID))
        #expect(gateway.store.devices[key.deviceID] != nil)
        // The same again is no mistake.
        #expect(remove()?["error"]?["code"] == "UNAVAILABLE")
        settle()
        #expect(gateway.store.devices[key.deviceID] != nil, "the disk is still full")
        gateway.commitMode = .atOnce
        settle()
        #expect(gateway.store.devices.isEmpty && gateway.store.deviceTokens.isEmpty)
        let order = try #require(child.order)
        #expect(gateway.store.grants[order.identity.deviceID]?.state == .revoked)
        #expect(remove()?["error"]?["message"] == "unknown deviceId")
        let next = try gateway.restarted()
        #expect(!next.core.trust.isPaired(key.deviceID))
    }

    @Test("a device that removes itself is closed, whether the disk takes it or not")
    func ownRemoval() throws {
        let key = try Peer.key(1)
        let device = gateway.connect(local(key, scopes: ["operator.pairing"]))
        gateway.commitMode = .failing
        gateway.call(device, .devicePairRemove, ["deviceId": .string(key.deviceID)])
        #expect(!isOpen(device))
    }

    @Test("a rotation that failed has changed nothing: the old token opens, connections and children go on")
    func rotation() throws {
        let key = try Peer.key(1)
        let first = gateway.connect(local(key, scopes: ["operator.write", "operator.pairing"]))
        let hello = gateway.takeSteps().compactMap { if case .open(_, _, let hello) = $0 { hello } else { nil } }.first
        var peer = Peer.remote(key, scopes: ["operator.write", "operator.pairing"])
        peer.auth = .init(deviceToken: try #require(hello?["payload"]?["auth"]?["deviceToken"]?.string))
        let second = gateway.connect(peer)
        let (child, worker) = try gateway.running(second)
        let params: JSON = ["deviceId": .string(key.deviceID), "role": "operator"]
        gateway.commitMode = .failing
        #expect(gateway.call(second, .deviceTokenRotate, params)?["error"]?["code"] == "UNAVAILABLE")
        gateway.commitMode = .atOnce
        #expect(isOpen(first) && isOpen(second) && isOpen(worker))
        #expect(gateway.call(second, .health)?["ok"] == true)
        #expect(isOpen(gateway.connect(peer)))
        settle()
        expectSettled()
        // When it succeeds, all of that ends; with the token, and not before.
        gateway.commitMode = .held
        gateway.call(owner, .deviceTokenRotate, params)
        #expect(isOpen(first) && isOpen(worker))
        gateway.release()
        #expect(!isOpen(first) && !isOpen(second) && !isOpen(worker))
        #expect(gateway.end(of: child.runID)?.status == .killed)
        let order = try #require(child.order)
        #expect(gateway.store.grants[order.identity.deviceID]?.state == .revoked)
        expectSettled()
    }

    @Test("a revocation holds at once and is written when the disk takes it")
    func revocation() throws {
        let key = try Peer.key(1)
        let device = gateway.connect(local(key, scopes: ["operator.write"]))
        let params: JSON = ["deviceId": .string(key.deviceID), "role": "operator"]
        gateway.commitMode = .failing
        #expect(gateway.call(owner, .deviceTokenRevoke, params)?["error"]?["code"] == "UNAVAILABLE")
        #expect(!isOpen(device) && !gateway.core.trust.isPaired(key.deviceID))
        gateway.commitMode = .atOnce
        settle()
        #expect(gateway.store.deviceTokens["\(key.deviceID) operator"]?.revokedAtMs != nil)
        expectSettled()
    }

    @Test("an invitation that no disk has is none; a revoked one is none, and may be revoked again")
    func enrolment() throws {
        gateway.commitMode = .failing
        #expect(gateway.call(owner, .deviceEnrollCreate, [:])?["error"]?["code"] == "UNAVAILABLE")
        #expect(gateway.core.trust.invitations.all.isEmpty)
        gateway.commitMode = .atOnce
        let id = try #require(gateway.call(owner, .deviceEnrollCreate, [:])?["payload"]?["id"])
        gateway.commitMode = .failing
        for _ in 0..<2 {
            #expect(gateway.call(owner, .deviceEnrollRevoke, ["id": id])?["error"]?["code"] == "UNAVAILABLE")
        }
        #expect(gateway.core.trust.invitations.all.isEmpty && gateway.store.invitations.count == 1)
        gateway.commitMode = .atOnce
        settle()
        expectSettled()
    }

    @Test("requests of strangers do not make what is owed grow without end")
    func bounded() throws {
        gateway.commitMode = .failing
        for number in 0..<1_500 {
            let seed = [UInt8(number & 0xFF), UInt8(number >> 8)] + [UInt8](repeating: 3, count: 30)
            gateway.connect(.remote(try SigningIdentity(seed: seed)))
        }
        _ = gateway.takeSteps()
        gateway.commitMode = .held
        settle()
        gateway.release()
        #expect(gateway.takeSteps().commits.map(\.count).max() ?? 0 <= 1_024)
    }

    @Test(
        "whatever fails in whatever order: the disk comes to what memory has, and nobody is in without ground",
        arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func anyOrder(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let keys = try (1...2).map { try Peer.key($0) }
        let scopes = ["operator.read", "operator.write", "operator.pairing", "operator.approvals"]
        for _ in 0..<150 {
            gateway.commitMode = .held
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let key = keys.randomElement(using: &random) ?? keys[0]
                let params: JSON = ["deviceId": .string(key.deviceID), "role": "operator"]
                switch Int.random(in: 0..<8, using: &random) {
                case 0...3:
                    gateway.connect(local(key, scopes: [scopes.randomElement(using: &random) ?? scopes[0]]))
                case 4: gateway.call(owner, .deviceTokenRotate, params)
                case 5: gateway.call(owner, .deviceTokenRevoke, params)
                case 6: gateway.call(owner, .devicePairRemove, params)
                default:
                    gateway.connect(.remote(key, scopes: [scopes.randomElement(using: &random) ?? scopes[0]]))
                    guard let waiting = gateway.core.trust.pairing.pending(nowMs: gateway.nowMs).last else { continue }
                    gateway.call(owner, .devicePairApprove, ["requestId": .string(waiting.requestID)])
                }
            }
            // What follows from one may wait again.
            gateway.release { _ in Bool.random(using: &random) ? .atOnce : .failing }
            settle()
            expectSettled()
            for connection in gateway.core.connections.values where !connection.isClosing {
                guard let id = connection.admitted.deviceID else { continue }
                let record = gateway.core.trust.pairing.devices[id]
                #expect(record?.approvedScopes.covers(connection.admitted.scopes) == true, "\(connection.connID)")
                #expect(record?.isEffective(.operator) == true, "\(connection.connID) has no ground")
            }
            for id in gateway.open where id != owner { gateway.disconnect(id) }
            _ = gateway.takeSteps()
        }
    }
}
