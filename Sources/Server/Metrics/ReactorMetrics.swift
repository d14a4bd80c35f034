internal import Gateway
internal import Wire

/// What one reactor counts, on its own thread.
final class ReactorMetrics: Sendable {
    enum Counter: Int, CaseIterable {
        case accepted, tlsHandshakes, upgrades, httpRequests, requests, refusedRequests, events, droppedEvents
        case slowConsumers
    }

    /// What a connection is at, as ``Connection/Phase`` has it.
    enum State: Int, CaseIterable {
        case handshake, http, connecting, open, echo, closing
    }

    /// Of all connections, as the last look at them found it.
    enum Gauge: Int, CaseIterable {
        case unsentBytes, requestsUnderWay, pausedConnections
    }

    private static let methods = Method.allCases
    private static let statesStart = Counter.allCases.count
    private static let gaugesStart = statesStart + State.allCases.count
    private static let latenciesStart = gaugesStart + Gauge.allCases.count
    /// Buckets, and the sum in microseconds.
    private static let latencyWidth = LatencyBounds.count + 1

    private let block = CounterBlock(count: latenciesStart + methods.count * latencyWidth)

    func count(_ counter: Counter, _ amount: Int64 = 1) { block.add(amount, at: counter.rawValue) }
    subscript(counter: Counter) -> Int64 { block[counter.rawValue] }

    func set(_ state: State, _ value: Int64) { block.set(value, at: Self.statesStart + state.rawValue) }
    subscript(state: State) -> Int64 { block[Self.statesStart + state.rawValue] }

    func set(_ gauge: Gauge, _ value: Int64) { block.set(value, at: Self.gaugesStart + gauge.rawValue) }
    subscript(gauge: Gauge) -> Int64 { block[Self.gaugesStart + gauge.rawValue] }

    /// A request was answered.
    func answered(_ method: Int, after nanoseconds: Int64) {
        let start = Self.latenciesStart + method * Self.latencyWidth
        block.add(at: start + LatencyBounds.bucket(nanoseconds))
        block.add(nanoseconds / 1000, at: start + LatencyBounds.count)
    }

    func latencies(of method: Int) -> Histogram {
        let start = Self.latenciesStart + method * Self.latencyWidth
        return Histogram(
            buckets: (0..<LatencyBounds.count).map { block[start + $0] },
            sumMicroseconds: block[start + LatencyBounds.count])
    }
}

/// Upper ends of the buckets of all latencies; the last bucket has none.
enum LatencyBounds {
    static let seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30]
    private static let nanoseconds = seconds.map { Int64($0 * 1_000_000_000) }
    static let count = seconds.count + 1

    static func bucket(_ value: Int64) -> Int {
        for index in 0..<nanoseconds.count where value <= nanoseconds[index] { return index }
        return nanoseconds.count
    }
}

/// How often something took how long.
struct Histogram: Equatable, Sendable {
    /// By ``LatencyBounds``; not cumulative.
    var buckets: [Int64]
    var sumMicroseconds: Int64

    init(buckets: [Int64] = [Int64](repeating: 0, count: LatencyBounds.count), sumMicroseconds: Int64 = 0) {
        self.buckets = buckets
        self.sumMicroseconds = sumMicroseconds
    }

    var count: Int64 { buckets.reduce(0, +) }

    mutating func note(nanoseconds: Int64) {
        buckets[LatencyBounds.bucket(nanoseconds)] += 1
        sumMicroseconds += nanoseconds / 1000
    }

    static func + (left: Histogram, right: Histogram) -> Histogram {
        Histogram(
            buckets: zip(left.buckets, right.buckets).map { $0 + $1 },
            sumMicroseconds: left.sumMicroseconds + right.sumMicroseconds)
    }
}

extension Method {
    /// Its place in `allCases`: a tag without a payload counts from 0.
    var index: Int { Int(unsafe unsafeBitCast(self, to: UInt8.self)) }
}
