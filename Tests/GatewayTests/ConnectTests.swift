import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Connecting")
struct ConnectTests {
    @Test("an admitted connection is registered, told hello-ok, and counted")
    func hello() throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner())
        let steps = gateway.takeSteps()
        #expect(steps.names == ["open"])
        guard case .open(id, let admitted, let hello)? = steps.last else {
            Issue.record("no hello-ok")
            return
        }
        #expect(admitted.scopes.covers(.admin))
        #expect(hello["id"] == "connect")
        #expect(hello["payload"]?["type"] == "hello-ok")
        #expect(hello["payload"]?["policy"]?["tickIntervalMs"] == 30_000)
        #expect(gateway.core.connectionCount == 1)
        gateway.disconnect(id)
        #expect(gateway.core.connectionCount == 0)
        #expect(gateway.call(id, .health) == nil)
    }

    @Test("a stranger with the right token is refused with a request that is stored first and announced to pairers")
    func stranger() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let key = try Peer.key(1)
        let id = gateway.connect(.remote(key))
        let steps = gateway.takeSteps()
        #expect(steps.names == ["device.pair.requested", "commit", "refuse", "close 1008"])
        #expect(steps.events(.devicePairRequested).first?.to == [owner])
        let error = try #require(steps.responses(to: id).first?["error"])
        #expect(error["code"] == "NOT_PAIRED")
        let requestID = try #require(error["details"]?["requestId"]?.string)
        #expect(gateway.store.pending[requestID]?.deviceId == key.deviceID)
        #expect(steps.closes.first?.1.reason.contains(requestID) == true)
        #expect(gateway.core.connectionCount == 1)
        // Asking again neither makes a second request nor announces the first one again.
        gateway.connect(.remote(key))
        #expect(gateway.takeSteps().names == ["commit", "refuse", "close 1008"])
        #expect(gateway.store.pending.count == 1)
    }

    @Test("at most 256 requests wait; the oldest makes room, in the store too")
    func pendingBound() throws {
        let gateway = try TestGateway()
        var first: String?
        for number in 0...PendingPairing.maxPending {
            var seed = [UInt8](repeating: 7, count: 32)
            seed[0] = UInt8(number & 0xFF)
            seed[1] = UInt8(number >> 8)
            gateway.nowMs += 1
            gateway.connect(.remote(try SigningIdentity(seed: seed)))
            if number == 0 { first = gateway.store.pending.keys.first }
        }
        #expect(gateway.core.trust.pairing.pending(nowMs: gateway.nowMs).count == 256)
        #expect(gateway.store.pending.count == 256)
        let oldest = try #require(first)
        #expect(gateway.store.pending[oldest] == nil)
    }

    @Test("a device on the gateway's host is paired silently, with a token that only its hello carries")
    func silent() throws {
        let gateway = try TestGateway()
        var peer = Peer.owner()
        peer.identity = try Peer.key(1)
        let id = gateway.connect(peer)
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "device.pair.resolved", "open"])
        guard case .open(id, _, let hello)? = steps.last else { return }
        let token = try #require(hello["payload"]?["auth"]?["deviceToken"]?.string)
        #expect(gateway.source.tokens.contains(token))
        let record = try #require(gateway.store.deviceTokens.values.first)
        #expect(record.tokenSHA256 == sha256(token))
    }

    @Test("a connect whose commit fails is answered UNAVAILABLE and closed")
    func failedCommit() throws {
        let gateway = try TestGateway()
        gateway.commitMode = .failing
        var peer = Peer.owner()
        peer.identity = try Peer.key(1)
        let id = gateway.connect(peer)
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit failed", "refuse", "close 1013"])
        #expect(steps.responses(to: id).first?["error"]?["code"] == "UNAVAILABLE")
        #expect(steps.responses(to: id).first?["error"]?["retryable"] == true)
        #expect(gateway.core.connectionCount == 0)
    }

    // MARK: - Presence

    static let desktop = ClientInfo(id: "openclaw-linux", version: "2", platform: "linux", mode: "ui", displayName: "d")

    static func desktop(_ key: SigningIdentity? = nil) -> Peer {
        var peer = Peer.owner()
        peer.client = desktop
        peer.identity = key
        return peer
    }

    @Test("a connect raises the presence version in silence; a disconnect is announced with its row")
    func presence() throws {
        let gateway = try TestGateway()
        let watcher = gateway.connect(Self.desktop(try Peer.key(1)))
        let before = gateway.core.stateVersion.presence
        let other = gateway.connect(Self.desktop(try Peer.key(2)))
        #expect(gateway.takeSteps().events(.presence).isEmpty)
        #expect(gateway.core.stateVersion.presence == before + 1)
        gateway.nowMs += 1000
        gateway.disconnect(other)
        let event = try #require(gateway.takeSteps().events(.presence).first)
        #expect(event.to == [watcher])
        let rows = try #require(event.payload["presence"]?.array)
        #expect(rows.map { $0["reason"] } == ["self", "disconnect", "connect"])
        #expect(gateway.core.stateVersion.presence == before + 2)
    }

    @Test("one-shot clients do not show", arguments: ["cli", "probe", "backend"])
    func oneShot(_ mode: String) throws {
        let gateway = try TestGateway()
        var peer = Peer.owner()
        peer.client.mode = mode
        peer.client.id = mode == "cli" ? "cli" : "gateway-client"
        let id = gateway.connect(peer)
        #expect(try gateway.presence(atMs: gateway.nowMs).count == 1)
        _ = gateway.takeSteps()
        gateway.disconnect(id)
        #expect(gateway.takeSteps().isEmpty)
    }

    @Test("a device has one row, whatever it did last, and a row is gone after five minutes")
    func oneRowPerDevice() throws {
        let gateway = try TestGateway()
        let key = try Peer.key(1)
        gateway.disconnect(gateway.connect(Self.desktop(key)))
        gateway.nowMs += 10
        let first = gateway.connect(Self.desktop(key))
        gateway.nowMs += 10
        let second = gateway.connect(Self.desktop(key))
        #expect(try gateway.presence(atMs: gateway.nowMs).map { $0["reason"] } == ["self", "connect"])
        gateway.disconnect(first)
        #expect(try gateway.presence(atMs: gateway.nowMs).map { $0["reason"] } == ["self", "connect"])
        gateway.disconnect(second)
        let leftAtMs = gateway.nowMs
        #expect(try gateway.presence(atMs: leftAtMs + 299_999).map { $0["reason"] } == ["self", "disconnect"])
        #expect(try gateway.presence(atMs: leftAtMs + 300_000).map { $0["reason"] } == ["self"])
    }

    @Test("when many leave at a time, everybody is sent the list at once, and the last state of it within a second")
    func manyLeave() throws {
        let gateway = try TestGateway()
        gateway.connect(.owner())
        let leavers = try (1...50).map { gateway.connect(Self.desktop(try Peer.key(UInt8($0)))) }
        _ = gateway.takeSteps()
        for id in leavers {
            gateway.disconnect(id)
            gateway.nowMs += 10
        }
        #expect(gateway.takeSteps().events(.presence).count == 1)
        gateway.advance(ms: 499)
        #expect(gateway.takeSteps().events(.presence).isEmpty)
        gateway.advance(ms: 1)
        let last = try #require(gateway.takeSteps().events(.presence).first)
        #expect(last.payload["presence"]?.array?.allSatisfy { $0["reason"] != "connect" } == true)
        gateway.advance(ms: 5000)
        #expect(gateway.takeSteps().events(.presence).isEmpty)
    }

    @Test("a local client's address is left out, a remote one's is shown")
    func addresses() throws {
        let gateway = try TestGateway(policy: { $0.enforcePairing = false })
        gateway.connect(Self.desktop(try Peer.key(1)))
        gateway.nowMs += 1
        var remote = Peer.remote(try Peer.key(2))
        remote.client = Self.desktop
        gateway.connect(remote)
        #expect(try gateway.presence(atMs: gateway.nowMs).map { $0["ip"] } == [nil, "10.0.0.9", nil])
    }

    // MARK: - Time and the end

    @Test("a tick every 30 s, to everybody")
    func tick() throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner(scopes: []))
        _ = gateway.takeSteps()
        gateway.advance(ms: 29_999)
        #expect(gateway.takeSteps().events(.tick).isEmpty)
        gateway.advance(ms: 1)
        let tick = try #require(gateway.takeSteps().events(.tick).first)
        #expect(tick.to == [id])
        #expect(tick.payload["ts"] == .integer(gateway.nowMs))
        gateway.advance(ms: 29_999)
        #expect(gateway.takeSteps().events(.tick).isEmpty)
        gateway.advance(ms: 1)
        #expect(gateway.takeSteps().events(.tick).count == 1)
    }

    @Test("an orderly stop tells everybody first, then ends the runs, then closes with 1012")
    func shutDown() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        _ = gateway.takeSteps()
        gateway.perform(gateway.core.shutDown(reason: "SIGTERM", nowMs: gateway.nowMs))
        let steps = gateway.takeSteps()
        #expect(steps.names.first == "shutdown")
        #expect(steps.names.contains("close 1012"))
        let events = steps.events(.shutdown)
        #expect(events.flatMap(\.to).sorted() == [owner, worker].sorted())
        #expect(events.allSatisfy { $0.payload["reason"] == "SIGTERM" })
        #expect(steps.stops == [child.runID])
        #expect(gateway.end(of: child.runID)?.status == .killed, "its worker is stopped, so it does not go on")
    }
}
