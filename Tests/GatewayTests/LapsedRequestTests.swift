import JSON
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("device.pair.resolved of requests that nobody decided about, wire protocol 6.8")
struct LapsedRequestTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
    }

    private func request(_ key: SigningIdentity, scopes: [String] = ["operator.read"]) throws -> String {
        let id = gateway.connect(.remote(key, scopes: scopes))
        return try #require(gateway.steps.responses(to: id).first?["error"]?["details"]?["requestId"]?.string)
    }

    /// Who was told which request ended how, since the last call.
    private func resolved() -> [(requestID: String?, decision: String?, to: [ConnectionID])] {
        gateway.takeSteps().events(.devicePairResolved).map { event in
            (event.payload["requestId"]?.string, event.payload["decision"]?.string, event.to)
        }
    }

    @Test("a request whose five minutes are over has expired: gone from the store, and said once")
    func expired() throws {
        let key = try Peer.key(1)
        let id = try request(key)
        let pairer = gateway.connect(.owner(scopes: ["operator.pairing"]))
        _ = gateway.connect(.owner(scopes: ["operator.read"]))
        _ = gateway.takeSteps()
        gateway.advance(ms: PendingPairing.lifeMs - 1)
        #expect(resolved().isEmpty)
        #expect(gateway.store.pending.count == 1)
        gateway.advance(ms: 60_000)
        let events = resolved()
        #expect(events.map(\.requestID) == [id] && events.map(\.decision) == ["expired"])
        #expect(Set(events.flatMap(\.to)) == [owner, pairer])
        #expect(gateway.store.pending.isEmpty)
        gateway.advance(ms: 60_000)
        #expect(resolved().isEmpty)
    }

    @Test("the event follows the commit, and carries device and time")
    func order() throws {
        let key = try Peer.key(1)
        _ = try request(key)
        _ = gateway.takeSteps()
        gateway.advance(ms: PendingPairing.lifeMs + 60_000)
        let steps = gateway.takeSteps()
        let names = steps.names
        let commit = try #require(names.firstIndex(of: "commit"))
        let event = try #require(names.firstIndex(of: "device.pair.resolved"))
        #expect(commit < event)
        let payload = steps.events(.devicePairResolved).first?.payload
        #expect(payload?["deviceId"] == .string(key.deviceID))
        #expect(payload?["ts"] == .integer(gateway.nowMs))
    }

    @Test("a request that asks for more supersedes the one before; the same again does not")
    func superseded() throws {
        let key = try Peer.key(1)
        let first = try request(key)
        #expect(try request(key) == first)
        #expect(resolved().isEmpty)
        let second = try request(key, scopes: ["operator.write"])
        #expect(second != first)
        let steps = gateway.takeSteps()
        #expect(steps.events(.devicePairResolved).map { $0.payload["decision"] } == ["superseded"])
        #expect(steps.events(.devicePairResolved).map { $0.payload["requestId"] } == [.string(first)])
        #expect(steps.events(.devicePairRequested).map { $0.payload["requestId"] } == [.string(second)])
        #expect(gateway.store.pending.count == 1)
    }

    @Test("a request that comes after the time of the one before finds it expired, not superseded")
    func lateSuccessor() throws {
        let key = try Peer.key(1)
        let first = try request(key)
        _ = gateway.takeSteps()
        gateway.nowMs += PendingPairing.lifeMs
        _ = try request(key, scopes: ["operator.write"])
        let events = resolved()
        #expect(events.map(\.requestID) == [first] && events.map(\.decision) == ["expired"])
    }

    @Test("the oldest request is pushed out by the bound, and that is said")
    func pushedOut() throws {
        var ids: [String] = []
        for index in 0...PendingPairing.maxPending {
            gateway.nowMs += 1
            let seed = [UInt8(index & 0xFF), UInt8(index >> 8)] + [UInt8](repeating: 3, count: 30)
            ids.append(try request(try SigningIdentity(seed: seed)))
        }
        let events = resolved()
        #expect(events.map(\.requestID) == [ids[0]] && events.map(\.decision) == ["superseded"])
        #expect(gateway.store.pending.count == PendingPairing.maxPending)
    }

    @Test("a removed device takes its request with it, and that is said", arguments: [true, false])
    func removed(_ isStored: Bool) throws {
        let key = try Peer.key(1)
        var local = Peer.owner(scopes: ["operator.read"])
        local.identity = key
        local.client = Peer.remote(key).client
        gateway.disconnect(gateway.connect(local))
        let id = try request(key, scopes: ["operator.write"])
        _ = gateway.takeSteps()
        gateway.commitMode = isStored ? .atOnce : .failing
        gateway.call(owner, .devicePairRemove, ["deviceId": .string(key.deviceID)])
        let events = resolved()
        #expect(events.map(\.requestID) == [id] && events.map(\.decision) == ["rejected"])
        #expect(gateway.core.trust.pairing.pending(nowMs: gateway.nowMs).isEmpty)
    }

    @Test("a device that a rule lets in for something else leaves no request behind")
    func approvedByRule() throws {
        let key = try Peer.key(1)
        let waiting = try request(key)
        _ = gateway.takeSteps()
        var local = Peer.owner(scopes: ["operator.write"])
        local.identity = key
        local.client = Peer.remote(key).client
        gateway.connect(local)
        let events = resolved()
        #expect(events.map(\.decision) == ["superseded", "approved"])
        #expect(events.first?.requestID == waiting)
        #expect(gateway.store.pending.isEmpty)
    }
}
