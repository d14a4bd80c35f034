import JSON
import Sessions
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("What is kept for those who were cut off")
struct EventRingTests {
    private func event(_ number: Int, bytes: Int = 1) -> OutboundEvent {
        OutboundEvent(.chat, ["n": .integer(Int64(number)), "fill": .string(String(repeating: "x", count: bytes))])
    }

    @Test("the latest events are kept, as many as may be, each at its position")
    func count() {
        var ring = EventRing(maxEvents: 10, maxBytes: 1 << 20)
        for number in 0..<35 {
            ring.append(event(number))
            #expect(ring.next == UInt64(number) + 1)
            #expect(ring.first == UInt64(max(0, number - 9)))
            for position in ring.first..<ring.next { #expect(ring[position].frame == event(Int(position)).frame) }
        }
    }

    @Test("many bytes make room for themselves, even if nothing is left")
    func bytes() {
        var ring = EventRing(maxEvents: 100, maxBytes: 5000)
        for number in 0..<50 { ring.append(event(number, bytes: 1000)) }
        #expect(ring.next - ring.first == 4)
        ring.append(event(50, bytes: 10_000))
        #expect(ring.next == 51 && ring.first == 51)
        ring.append(event(51))
        #expect(ring.first == 51 && ring[51].frame == event(51).frame)
    }

    @Test("a closed connection can be resumed for five minutes")
    func expiry() throws {
        for (after, answer) in [(EventJournal.parkedMs - 1, "resumed"), (EventJournal.parkedMs, "gap")]
            as [(Int64, JSON)]
        {
            let gateway = try TestGateway()
            var peer = Peer.owner()
            peer.identity = try Peer.key(1)
            let first = gateway.connect(peer)
            let connID = try #require(hello(gateway)?["server"]?["connId"]?.string)
            gateway.disconnect(first)
            gateway.nowMs += after
            gateway.connect(peer, resume: .init(connID: connID, seq: 0))
            #expect(hello(gateway)?["resume"] == answer)
        }
    }

    @Test("the oldest of too many closed connections is forgotten")
    func bound() throws {
        let gateway = try TestGateway()
        var peer = Peer.owner()
        peer.identity = try Peer.key(1)
        var connIDs: [String] = []
        for _ in 0...EventJournal.maxParked {
            let id = gateway.connect(peer)
            connIDs.append(try #require(hello(gateway)?["server"]?["connId"]?.string))
            gateway.disconnect(id)
        }
        for (connID, answer) in [(connIDs[0], "gap"), (connIDs[1], "resumed")] as [(String, JSON)] {
            // Looking does not park another.
            gateway.connect(peer, resume: .init(connID: connID, seq: 0))
            #expect(hello(gateway)?["resume"] == answer)
        }
    }

    @Test("who never asked is told nothing of resuming; a worker and who has no device cannot resume")
    func others() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let ownerHello = try #require(hello(gateway))
        #expect(ownerHello["resume"] == nil)
        let child = try gateway.spawn(owner)
        let worker = gateway.connect(.worker(try #require(child.order)))
        let connID = try #require(hello(gateway)?["server"]?["connId"]?.string)
        gateway.call(worker, .runAttach, ["runId": .string(child.runID)])
        gateway.disconnect(worker)
        gateway.connect(.worker(try #require(child.order)), resume: .init(connID: connID, seq: 0))
        #expect(hello(gateway)?["resume"] == "gap")
        gateway.disconnect(owner)
        let ownID = try #require(ownerHello["server"]?["connId"]?.string)
        gateway.connect(.owner(), resume: .init(connID: ownID, seq: 0))
        #expect(hello(gateway)?["resume"] == "gap")
    }

    private func hello(_ gateway: TestGateway) -> JSON? {
        gateway.takeSteps().reversed().lazy.compactMap { step -> JSON? in
            if case .open(_, _, let hello) = step { hello["payload"] } else { nil }
        }.first
    }
}
