internal import CLinux
internal import Glibc
internal import JSON
internal import Wire

/// Our end of the pipe by which a worker whose agent is kept gets the orders of further runs. Its end tells that there will
/// be no more, as the end of this process does.
final class OrderPipe {
    /// For the worker to inherit; to be closed here once it has.
    private(set) var readingEnd: Int32
    private let writingEnd: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        guard unsafe sallyport_pipe_cloexec(&ends) == 0 else { return nil }
        (readingEnd, writingEnd) = (ends[0], ends[1])
        _ = fcntl(writingEnd, F_SETFL, O_NONBLOCK)
    }

    deinit {
        closeReadingEnd()
        close(writingEnd)
    }

    func closeReadingEnd() {
        if readingEnd >= 0 { close(readingEnd) }
        readingEnd = -1
    }

    /// - Returns: whether the worker will read it as a whole: an order fits into the empty pipe, or there is something wrong.
    func write(_ order: WorkerBootstrap) -> Bool {
        let line = order.json.serialized() + [UInt8(ascii: "\n")]
        guard line.count <= WorkerBootstrap.maxBytes else { return false }
        return unsafe line.withUnsafeBytes { unsafe Glibc.write(writingEnd, $0.baseAddress, $0.count) } == line.count
    }
}
