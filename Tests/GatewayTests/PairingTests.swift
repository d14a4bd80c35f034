import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("device.pair.*, wire protocol 6.8")
struct PairingTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
    }

    /// A stranger's request; its id.
    private func request(_ key: SigningIdentity, scopes: [String] = ["operator.write"], role: Role = .operator) throws
        -> String
    {
        var peer = Peer.remote(key, scopes: scopes)
        peer.role = role
        let id = gateway.connect(peer)
        return try #require(gateway.steps.responses(to: id).first?["error"]?["details"]?["requestId"]?.string)
    }

    /// Pairs a device and returns its token, as its first hello gives it.
    private func pair(_ key: SigningIdentity, scopes: [String] = ["operator.write", "operator.pairing"]) throws
        -> String
    {
        let id = try request(key, scopes: scopes)
        #expect(gateway.call(owner, .devicePairApprove, ["requestId": .string(id)])?["ok"] == true)
        _ = gateway.takeSteps()
        gateway.disconnect(gateway.connect(.remote(key, scopes: scopes)))
        for case .open(_, _, let hello) in gateway.takeSteps() {
            return try #require(hello["payload"]?["auth"]?["deviceToken"]?.string)
        }
        throw Missing.hello
    }

    private enum Missing: Error { case hello }

    private func deviceSession(_ key: SigningIdentity, _ token: String, scopes: [String]) -> ConnectionID {
        var peer = Peer.remote(key, scopes: scopes)
        peer.auth = .init(deviceToken: token)
        return gateway.connect(peer)
    }

    @Test("approving stores device and token in one commit, then answers and announces; the device is then let in")
    func approve() throws {
        let key = try Peer.key(1)
        let id = try request(key)
        _ = gateway.takeSteps()
        let answer = gateway.call(owner, .devicePairApprove, ["requestId": .string(id)])
        #expect(answer?["payload"]?["requestId"] == .string(id))
        #expect(answer?["payload"]?["device"]?["deviceId"] == .string(key.deviceID))
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "respond", "device.pair.resolved"])
        #expect(steps.events(.devicePairResolved).first?.payload["decision"] == "approved")
        #expect(gateway.store.devices[key.deviceID]?.approvedScopes == ["operator.write"])
        #expect(gateway.store.pending.isEmpty)
        let device = gateway.connect(.remote(key))
        #expect(gateway.call(device, .status)?["ok"] == true)
    }

    @Test("an unknown request: the admin is told so, everybody else just denied")
    func unknown() throws {
        let params: JSON = ["requestId": "nobody"]
        #expect(gateway.call(owner, .devicePairApprove, params)?["error"]?["message"] == "unknown requestId")
        let pairer = gateway.connect(.owner(scopes: ["operator.pairing"]))
        #expect(
            gateway.call(pairer, .devicePairApprove, params)?["error"]?["message"] == "device pairing approval denied")
        #expect(gateway.call(owner, .devicePairReject, params)?["error"]?["message"] == "unknown requestId")
        #expect(
            gateway.call(owner, .devicePairRemove, ["deviceId": "nobody"])?["error"]?["message"] == "unknown deviceId")
    }

    @Test("nobody approves more than they hold, nor what the device would have in all")
    func approverScopes() throws {
        let key = try Peer.key(1)
        let first = try request(key, scopes: ["operator.admin"])
        let pairer = gateway.connect(.owner(scopes: ["operator.pairing", "operator.read"]))
        func message(_ id: String) -> JSON? {
            gateway.call(pairer, .devicePairApprove, ["requestId": .string(id)])?["error"]?["message"]
        }
        #expect(message(first) == "missing scope: operator.admin")
        #expect(gateway.call(owner, .devicePairApprove, ["requestId": .string(first)])?["ok"] == true)
        // A repair for less still mints a token for all that was approved.
        var peer = Peer.remote(key, scopes: ["operator.read"])
        peer.client.platform = "darwin"
        let id = gateway.connect(peer)
        let second = try #require(
            gateway.steps.responses(to: id).first?["error"]?["details"]?["requestId"]?.string)
        #expect(message(second) == "missing scope: operator.admin")
    }

    @Test("a role that is not operator is for the admin only, and takes no operator scope")
    func nodeRole() throws {
        let pairer = gateway.connect(.owner(scopes: ["operator.pairing", "operator.read"]))
        let plain = try request(try Peer.key(1), scopes: [], role: .node)
        #expect(
            gateway.call(pairer, .devicePairApprove, ["requestId": .string(plain)])?["error"]?["message"]
                == "device pairing approval denied")
        #expect(gateway.call(owner, .devicePairApprove, ["requestId": .string(plain)])?["ok"] == true)
        let scoped = try request(try Peer.key(2), scopes: ["operator.read"], role: .node)
        #expect(
            gateway.call(owner, .devicePairApprove, ["requestId": .string(scoped)])?["error"]?["message"]
                == "invalid scope for requested roles: operator.read")
    }

    @Test("a rejected request is gone from the store")
    func reject() throws {
        let key = try Peer.key(1)
        let id = try request(key)
        let answer = gateway.call(owner, .devicePairReject, ["requestId": .string(id)])
        #expect(answer?["payload"] == ["requestId": .string(id), "deviceId": .string(key.deviceID)])
        #expect(gateway.store.pending.isEmpty)
        #expect(gateway.steps.events(.devicePairResolved).last?.payload["decision"] == "rejected")
        #expect(try request(key) != id)
    }

    @Test("who is not paired cannot be removed, and keeps the request")
    func removeUnpaired() throws {
        let key = try Peer.key(1)
        let id = try request(key)
        let answer = gateway.call(owner, .devicePairRemove, ["deviceId": .string(key.deviceID)])
        #expect(answer?["error"]?["message"] == "unknown deviceId")
        #expect(gateway.call(owner, .devicePairApprove, ["requestId": .string(id)])?["ok"] == true)
    }

    @Test("a device session sees and manages itself only; shared auth all; derived devices stand below their own")
    func callerClasses() throws {
        let (one, two) = (try Peer.key(1), try Peer.key(2))
        let token = try pair(one)
        _ = try pair(two)
        let foreign = try request(try Peer.key(3))
        let session = deviceSession(one, token, scopes: ["operator.write", "operator.pairing"])
        let shared = gateway.connect(.owner(scopes: ["operator.pairing", "operator.write"]))
        let own = try gateway.spawn(session)
        _ = try gateway.spawn(owner)

        let seen = try #require(gateway.call(session, .devicePairList)?["payload"])
        #expect(seen["paired"]?.array?.map { $0["deviceId"] } == [.string(one.deviceID)])
        #expect(seen["pending"] == [])
        #expect(seen["derived"]?.array?.map { $0["runId"] } == [.string(own.runID)])
        let all = try #require(gateway.call(shared, .devicePairList)?["payload"])
        #expect(all["paired"]?.array?.count == 2)
        #expect(all["pending"]?.array?.count == 1)
        #expect(all["derived"]?.array?.count == 2)
        #expect(all["paired"]?[0]?["approvedScopes"] == nil)
        #expect(all["paired"]?[0]?["tokens"]?[0]?["role"] == "operator")

        func message(_ method: Wire.Method, _ params: JSON) -> JSON? {
            gateway.call(session, method, params)?["error"]?["message"]
        }
        #expect(
            message(.devicePairApprove, ["requestId": .string(foreign)]) == "device pairing approval denied")
        #expect(message(.devicePairReject, ["requestId": .string(foreign)]) == "device pairing rejection denied")
        #expect(message(.devicePairRemove, ["deviceId": .string(two.deviceID)]) == "device pairing removal denied")
        #expect(gateway.call(shared, .devicePairApprove, ["requestId": .string(foreign)])?["ok"] == true)
    }

    @Test("removing a device closes it and all that it asked for with 4001, ends their runs and revokes their grants")
    func remove() throws {
        let key = try Peer.key(1)
        let token = try pair(key)
        let device = deviceSession(key, token, scopes: ["operator.write"])
        let (child, worker) = try gateway.running2(device, token)
        let (grandchild, below) = try gateway.running2(worker, token)
        let (other, stranger) = try gateway.running(owner)
        _ = gateway.takeSteps()
        #expect(gateway.call(owner, .devicePairRemove, ["deviceId": .string(key.deviceID)])?["ok"] == true)
        let steps = gateway.takeSteps()
        for id in [device, worker, below] {
            #expect(steps.closes.contains { $0.0 == id && $0.1 == .deviceRemoved })
            #expect(!gateway.open.contains(id))
        }
        #expect(gateway.open.contains(stranger))
        for run in [child, grandchild] {
            #expect(gateway.end(of: run.runID)?.status == .killed)
            #expect(steps.terminalEvents(of: run.runID).count == 1)
            let id = try #require(run.order).identity.deviceID
            #expect(gateway.store.grants[id]?.state == .revoked, "also after the commit of the run's end")
            #expect(gateway.core.trust.lineage[id].map { $0.record } == gateway.store.grants[id])
        }
        #expect(Set(steps.stops) == [child.runID, grandchild.runID])
        #expect(gateway.end(of: other.runID) == nil)
        #expect(gateway.store.devices.isEmpty && gateway.store.deviceTokens.isEmpty)
        // No grace after a revocation.
        let order = try #require(child.order)
        gateway.connect(.worker(order, token: order.runToken))
        #expect(gateway.takeSteps().names == ["refuse", "close 1008"])
    }

    @Test("of a removed device's runs none is launched any more")
    func removeLaunchesNothing() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        var peer = Peer.owner()
        peer.identity = try Peer.key(1)
        let device = gateway.connect(peer)
        let (_, _) = try gateway.running(device)
        let queued = try gateway.spawn(device)
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        gateway.call(owner, .devicePairRemove, ["deviceId": .string(try Peer.key(1).deviceID)])
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(gateway.end(of: queued.runID)?.status == .killed)
    }

    @Test("a device that removes itself gets its answer before it is closed")
    func removeSelf() throws {
        let key = try Peer.key(1)
        let session = deviceSession(key, try pair(key), scopes: ["operator.pairing"])
        _ = gateway.takeSteps()
        gateway.commitMode = .held
        gateway.call(session, .devicePairRemove, ["deviceId": .string(key.deviceID)])
        #expect(gateway.takeSteps().closes.isEmpty)
        gateway.release()
        let steps = gateway.takeSteps()
        #expect(steps.names.prefix(3) == ["commit", "respond", "close 4001"])
        #expect(steps.closes.map(\.0) == [session])
    }

    @Test("removing a derived device ends its run; a request of a removed device is gone from the store")
    func removeOthers() throws {
        let (child, worker) = try gateway.running(owner)
        let id = try #require(child.order).identity.deviceID
        #expect(gateway.call(owner, .devicePairRemove, ["deviceId": .string(id)])?["ok"] == true)
        #expect(gateway.end(of: child.runID)?.status == .killed)
        #expect(!gateway.open.contains(worker))
        let key = try Peer.key(1)
        _ = try pair(key, scopes: ["operator.read"])
        _ = try request(key, scopes: ["operator.write"])
        #expect(gateway.store.pending.count == 1)
        gateway.call(owner, .devicePairRemove, ["deviceId": .string(key.deviceID)])
        #expect(gateway.store.pending.isEmpty)
    }
}

extension TestGateway {
    /// As ``running(_:_:)``, for a worker that speaks with a device's token.
    fileprivate func running2(_ id: ConnectionID, _ token: String) throws -> (child: Child, worker: ConnectionID) {
        let child = try spawn(id)
        let order = try #require(child.order)
        #expect(!order.usesSharedToken)
        let worker = connect(.worker(order, token: token))
        #expect(call(worker, .runAttach, ["runId": .string(child.runID)])?["ok"] == true)
        return (child, worker)
    }
}
