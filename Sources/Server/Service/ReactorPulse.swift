internal import EventLoop
internal import Synchronization

/// Whether each reactor still turns, and how long a job waits for its turn there.
final class ReactorPulse: Sendable {
    private final class Beat: Sendable {
        /// When the job was posted that has not run yet; 0: none.
        let postedAt = Atomic<Int64>(0)
        let lag = Atomic<Int64>(0)
        let maxLag = Atomic<Int64>(0)
    }

    private let beats: [Beat]

    init(count: Int) {
        beats = (0..<count).map { _ in Beat() }
    }

    /// Asks each reactor that has answered for an answer.
    func ask(_ reactors: [ReactorHandle], now: MonotonicInstant) {
        for (beat, reactor) in zip(beats, reactors) where beat.postedAt.load(ordering: .relaxed) == 0 {
            beat.postedAt.store(now.nanoseconds, ordering: .relaxed)
            reactor.enqueue { _ in
                let lag = max(0, MonotonicInstant.now().nanoseconds - now.nanoseconds)
                beat.lag.store(lag, ordering: .relaxed)
                if lag > beat.maxLag.load(ordering: .relaxed) { beat.maxLag.store(lag, ordering: .relaxed) }
                beat.postedAt.store(0, ordering: .relaxed)
            }
        }
    }

    /// Reactors that owe their answer for longer than this.
    func stuck(for limit: Duration, now: MonotonicInstant) -> [Int] {
        beats.indices.filter { index in
            let posted = beats[index].postedAt.load(ordering: .relaxed)
            return posted != 0 && now - MonotonicInstant(nanoseconds: posted) > limit
        }
    }

    /// In nanoseconds, of the latest answers; and the longest since the last time this was asked.
    func lags() -> [(last: Int64, max: Int64)] {
        beats.map { (last: $0.lag.load(ordering: .relaxed), max: $0.maxLag.exchange(0, ordering: .relaxed)) }
    }
}
