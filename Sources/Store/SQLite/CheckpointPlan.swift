/// When to copy the write-ahead log into the database, by the log's length after each transaction.
///
/// Another thread copies while commits go on. Under load it never sees the end of the log, and only a log that was
/// copied to its end begins anew; so the writer copies the little that came meanwhile. A log that begins anew is written
/// over, which costs a disk much less than one that grows.
struct CheckpointPlan {
    enum Step: Equatable { case none, onOtherThread, onWriter }

    /// 16 MiB.
    static let interval = 4000
    /// What the writer copies itself: 1 MiB.
    static let smallRest = 256
    /// 64 MiB: from here on it copies whatever there is.
    static let long = 16_384
    /// To which a log is cut when it begins anew.
    static let keptBytes = 32 << 20

    private var length = 0
    /// Up to where copying was begun.
    private var copiedTo = 0
    private var isOtherThreadAsked = false

    mutating func step(logPages: Int, isOtherThreadIdle: Bool) -> Step {
        if logPages < length { self = CheckpointPlan() }
        length = logPages
        let rest = logPages - copiedTo
        if isOtherThreadAsked {
            guard isOtherThreadIdle else { return .none }
            copiedTo = logPages
            isOtherThreadAsked = rest > Self.smallRest && logPages < Self.long
            return isOtherThreadAsked ? .onOtherThread : .onWriter
        }
        guard rest >= Self.interval else { return .none }
        copiedTo = logPages
        isOtherThreadAsked = true
        return .onOtherThread
    }
}
