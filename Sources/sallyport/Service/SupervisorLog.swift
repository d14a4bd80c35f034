internal import CLinux
internal import EventLoop
internal import Files
internal import Glibc

/// What a supervised gateway and its supervisor say, in a file that is set aside when it is full.
final class SupervisorLog: EventHandler {
    private static let maxBytes = 10 << 20
    private static let maxFiles = 5

    /// For the children: what they write there comes here.
    let writing: Int32
    private let reading: Int32
    private var file: RotatingFile

    init(_ path: String) throws {
        file = try RotatingFile(path, maxBytes: Self.maxBytes, maxFiles: Self.maxFiles)
        var ends: [Int32] = [-1, -1]
        guard unsafe sallyport_pipe(&ends) == 0, fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 else {
            throw CommandFailure(.supervisor, "cannot make a pipe")
        }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    func start(in reactor: Reactor) throws(EventLoopError) {
        _ = try reactor.register(reading, for: .read, handler: self)
    }

    func ready(_ events: Readiness, in reactor: Reactor) { drain() }

    /// Takes what is there, also the last words of a child that is gone.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe read(reading, &buffer, buffer.count)
            guard count > 0 else { return }
            append(Array(buffer.prefix(count)))
        }
    }

    func note(_ text: String) { append(Array("[supervisor] \(text)\n".utf8)) }

    private func append(_ bytes: [UInt8]) {
        // There is nobody to tell that the log itself cannot be written.
        try? file.append(bytes)
    }
}
