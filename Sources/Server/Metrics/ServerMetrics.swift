internal import EventLoop
internal import Synchronization

/// All that is counted outside the core.
final class ServerMetrics: Sendable {
    let reactors: [ReactorMetrics]
    let pulse: ReactorPulse
    let isPublic: Bool
    private let commits = Mutex(Histogram())
    private let failedCommits = Atomic<Int64>(0)
    private let commitsUnderWay = Atomic<Int64>(0)

    /// - Parameter isPublic: whether anybody may read them.
    init(reactors: Int, isPublic: Bool = false) {
        self.reactors = (0..<reactors).map { _ in ReactorMetrics() }
        pulse = ReactorPulse(count: reactors)
        self.isPublic = isPublic
    }

    func commitBegan() { commitsUnderWay.add(1, ordering: .relaxed) }

    func commitEnded(after duration: Duration, isDone: Bool) {
        commitsUnderWay.subtract(1, ordering: .relaxed)
        guard isDone else {
            failedCommits.add(1, ordering: .relaxed)
            return
        }
        let nanoseconds = Int64((duration / .nanoseconds(1)).rounded())
        commits.withLock { $0.note(nanoseconds: nanoseconds) }
    }

    var commitLatencies: Histogram { commits.withLock { $0 } }
    var commitFailures: Int64 { failedCommits.load(ordering: .relaxed) }
    var commitQueue: Int64 { commitsUnderWay.load(ordering: .relaxed) }
}
