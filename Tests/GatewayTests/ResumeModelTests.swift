import JSON
import Sessions
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Resuming, as a random walk beside a simple model")
struct ResumeModelTests {
    @Test(
        "every entitled event comes exactly once and in order, or the answer is gap",
        arguments: 1...12 as ClosedRange<UInt64>)
    func walk(_ seed: UInt64) throws {
        // A ring that loses events often, and one that never does.
        let walk = try ResumeWalk(seed: seed, ringSize: seed % 2 == 0 ? 60 : 100_000)
        for _ in 0..<1200 {
            try walk.step()
            if !walk.problems.isEmpty { break }
        }
        walk.deliverAll()
        #expect(walk.problems.isEmpty, "seed \(seed): \(walk.problems)")
        #expect(walk.resumed > 20 && walk.replayed > 50, "\(walk.resumed) resumed, \(walk.replayed) events replayed")
        #expect(walk.lost > 20, "\(walk.lost) events were dropped")
        if seed % 2 == 0 { #expect(walk.gaps > 3) }
    }
}

/// Clients of several devices on two reactors, each of which delivers when it likes.
private final class ResumeWalk {
    private let gateway: TestGateway
    private var random: SplitMix64
    private let neverForgets: Bool
    private let child: TestGateway.Child
    private var log: [OutboundEvent] = []
    private var streams: [Stream] = []
    private var queues: [[Item]] = [[], []]
    private(set) var problems: [String] = []
    private(set) var (resumed, replayed, lost, gaps) = (0, 0, 0, 0)

    private enum Item {
        case open(ConnectionID, seq: Int64, missed: [Int])
        case event(ConnectionID, Int)
    }

    /// What one connection should get, and what its client has got.
    private final class Stream {
        let id: ConnectionID
        let connID: String
        let device: Int
        let scopes: Set<String>
        let sessionKey: String?
        /// By their numbers, from 1 on: places in the log. Goes on after the connection has ended.
        var expected: [Int]
        var isLive = true
        var isOpen = false
        /// Nothing reaches its client any more, but the gateway does not know yet.
        var isCut = false
        /// Before this number its events were those of somebody with other rights.
        var floor: Int64 = 0
        var lastSeq: Int64 = 0
        var received: [(seq: Int64, index: Int)] = []
        /// The last number without a hole before it.
        var contiguous: Int64

        init(
            id: ConnectionID, connID: String, device: Int, scopes: Set<String>, sessionKey: String?, expected: [Int],
            seq: Int64
        ) {
            (self.id, self.connID, self.device, self.scopes) = (id, connID, device, scopes)
            (self.sessionKey, self.expected, contiguous) = (sessionKey, expected, seq)
        }

        func isEntitled(to event: OutboundEvent) -> Bool {
            if let sessionKey, let sessions = event.sessions, !sessions.contains(sessionKey) { return false }
            switch event.name {
            case .tick: return true
            case .chat, .agent, .presence: return scopes.contains("operator.read") || scopes.contains("operator.admin")
            case .devicePairResolved, .devicePairRequested:
                return scopes.contains("operator.pairing") || scopes.contains("operator.admin")
            default:
                Issue.record("unforeseen event \(event.name)")
                return false
            }
        }
    }

    init(seed: UInt64, ringSize: Int) throws {
        random = SplitMix64(seed: seed)
        neverForgets = ringSize > 10_000
        gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        child = try gateway.spawn(owner)
        gateway.disconnect(owner)
        gateway.core.journal = EventJournal(ring: EventRing(maxEvents: ringSize))
        gateway.onPublish = { [unowned self] event, recipients in published(event, recipients) }
        gateway.onOpen = { [unowned self] id, what in opened(id, what) }
    }

    /// The connection that is being made.
    private var attempt: (old: Stream?, resume: ConnectParams.Resume?, device: Int)?
    private var live: [Stream] { streams.filter(\.isLive) }

    private func published(_ event: OutboundEvent, _ recipients: Recipients) {
        let index = log.count
        log.append(event)
        var entitled: [ConnectionID] = []
        for stream in streams where stream.isEntitled(to: event) {
            stream.expected.append(index)
            if stream.isLive { entitled.append(stream.id) }
        }
        if recipients.connections.sorted() != entitled.sorted() {
            problems.append("\(event.name) went to others")
        }
        for id in recipients.connections { queues[id.reactor].append(.event(id, index)) }
    }

    func step() throws {
        switch random.next() % 20 {
        case 0...8: publish()
        case 9...13: deliver(Int(random.next() % 2), atMost: Int(random.next() % 12))
        case 14: cut()
        case 15: try connect(resuming: nil)
        default: try resume()
        }
    }

    private func publish() {
        let keys = [nil, child.sessionKey, TestGateway.mainKey, "agent:main:other"]
        let names: [EventName] = [.tick, .chat, .agent, .devicePairResolved]
        let key = keys[Int(random.next() % 4)]
        let payload: JSON = ["n": .integer(Int64(log.count))]
        guard
            case .publish(let event) = gateway.core.event(
                names[Int(random.next() % 4)], payload, about: key, isDroppable: true)
        else { return }
        gateway.publish(event)
    }

    /// What a reactor does: it numbers what it sends, and loses what a slow consumer does not take.
    private func deliver(_ reactor: Int, atMost count: Int) {
        for item in queues[reactor].prefix(count) {
            switch item {
            case .open(let id, let seq, let missed):
                guard let stream = streams.first(where: { $0.id == id }) else { continue }
                stream.isOpen = true
                stream.lastSeq = seq
                for index in missed { send(index, to: stream) }
            case .event(let id, let index):
                guard let stream = streams.first(where: { $0.id == id }) else { continue }
                send(index, to: stream)
            }
        }
        queues[reactor].removeFirst(min(count, queues[reactor].count))
    }

    private func send(_ index: Int, to stream: Stream) {
        guard stream.isLive, stream.isOpen else { return }
        stream.lastSeq += 1
        if stream.isCut { return }
        if random.next() % 16 == 0 {
            lost += 1
            return
        }
        let seq = stream.lastSeq
        if stream.expected.count < seq || stream.expected[Int(seq) - 1] != index {
            problems.append("number \(seq) of \(stream.connID) is not the event that it should be")
        }
        if let last = stream.received.last?.seq, seq <= last { problems.append("number \(seq) came again") }
        stream.received.append((seq, index))
        if seq == stream.contiguous + 1 { stream.contiguous = seq }
    }

    func deliverAll() {
        for reactor in 0..<2 { deliver(reactor, atMost: .max) }
        for stream in live where stream.lastSeq != Int64(stream.expected.count) {
            problems.append("\(stream.connID) has \(stream.lastSeq) of \(stream.expected.count)")
        }
    }

    /// The network goes away; what is in a queue is lost with the connection.
    private func cut() {
        guard let stream = live.randomElement(using: &random) else { return }
        stream.isLive = false
        gateway.disconnect(stream.id)
    }

    private func resume() throws {
        guard let old = streams.suffix(12).randomElement(using: &random) else { return }
        try connect(resuming: old)
    }

    private func connect(resuming old: Stream?) throws {
        let isForeign = random.next() % 8 == 0
        let device = old.map { isForeign ? ($0.device + 1) % 3 : $0.device } ?? Int(random.next() % 3)
        let wanted = [["operator.read"], ["operator.read", "operator.pairing"], ["operator.pairing"]]
        var peer: Peer
        if device == 2 {
            peer = .worker(try #require(child.order))
        } else {
            peer = .owner(scopes: wanted[Int(random.next() % 3)])
            peer.identity = try Peer.key(UInt8(device + 1))
            peer.client = ClientInfo(id: "test", version: "1", platform: "linux", mode: "test")
        }
        var resume: ConnectParams.Resume?
        if let old {
            // Takes over a connection that is still there as well.
            if old.isLive { old.isCut = true }
            let beyond = Int64(old.expected.count) + 1
            let choices = [old.contiguous, old.received.last?.seq ?? old.contiguous, old.contiguous, beyond]
            resume = ConnectParams.Resume(
                connID: old.connID, seq: choices[Int(random.next() % 8 == 0 ? 3 : random.next() % 3)])
        }
        attempt = (old, resume, device)
        gateway.connect(peer, resume: resume, reactor: Int(random.next() % 2))
        if attempt != nil { problems.append("nobody was let in") }
        _ = gateway.takeSteps()
    }

    private func opened(_ id: ConnectionID, _ opened: Opened) {
        guard let (old, resume, device) = attempt else { return }
        attempt = nil
        let hello = (try? JSONParser.parse(opened.hello))?["payload"]
        if let old, old.isLive, old.device == device {
            old.isLive = false
            if opened.superseded != old.id { problems.append("a lost connection goes on") }
        }
        let stream = Stream(
            id: id, connID: hello?["server"]?["connId"]?.string ?? "", device: device,
            scopes: Set(opened.admitted.scopes.names), sessionKey: opened.admitted.lineage?.sessionKey, expected: [],
            seq: opened.seq)
        check(hello?["resume"]?.string, opened, of: stream, resuming: old, resume)
        streams.append(stream)
    }

    private func check(
        _ answer: String?, _ opened: Opened, of stream: Stream, resuming old: Stream?, _ resume: ConnectParams.Resume?
    ) {
        guard let old, let resume else {
            if answer != nil || opened.seq != 0 || !opened.missed.isEmpty { problems.append("resumed without asking") }
            queues[stream.id.reactor].append(.open(stream.id, seq: 0, missed: []))
            return
        }
        let isPossible =
            old.device == stream.device && resume.seq <= Int64(old.expected.count) && resume.seq >= old.floor
        guard answer == "resumed" else {
            gaps += 1
            if answer != "gap" || opened.seq != 0 || !opened.missed.isEmpty {
                problems.append("no gap: \(answer ?? "nil")")
            }
            if isPossible, neverForgets { problems.append("a gap without need") }
            stream.contiguous = 0
            queues[stream.id.reactor].append(.open(stream.id, seq: 0, missed: []))
            return
        }
        if !isPossible { problems.append("resumed what cannot be") }
        let known = Array(old.expected.prefix(Int(resume.seq)))
        let missed = old.expected.dropFirst(Int(resume.seq)).filter { stream.isEntitled(to: log[$0]) }
        if opened.missed.map(\.frame) != missed.map({ log[$0].frame }) {
            problems.append("others are replayed than were missed")
        }
        if opened.seq != resume.seq { problems.append("the numbers do not go on") }
        stream.expected = known + missed
        stream.floor = old.scopes == stream.scopes ? old.floor : Int64(stream.expected.count)
        resumed += 1
        replayed += missed.count
        queues[stream.id.reactor].append(.open(stream.id, seq: opened.seq, missed: missed))
    }
}
