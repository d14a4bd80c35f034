internal import CLinux
internal import Glibc
internal import Wire

/// Our end of the pipe to the gateway: takes what it takes now, and keeps the rest.
struct LocalOutput {
    /// Unwritten bytes beyond which nothing more is read from the command.
    private static let window = 256 * 1024

    private let descriptor: Int32
    private var unwritten: [UInt8] = []
    private var offset = 0
    /// Nobody reads it any more.
    private(set) var isBroken = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        sallyport_ignore_broken_pipes()
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    var hasMore: Bool { offset < unwritten.count }
    var isFull: Bool { unwritten.count - offset >= Self.window }

    /// What to wait for. That nobody reads any more is seen on our input, which ends with the same process.
    var interests: [pollfd] {
        isBroken || !hasMore ? [] : [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
    }

    mutating func say(_ message: LocalMessage) {
        guard !isBroken else { return }
        unwritten += message.line
        write()
    }

    mutating func write() {
        while hasMore, !isBroken {
            let (from, all) = (offset, unwritten.count)
            let count = unsafe unwritten.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + from }, all - from)
            }
            if count >= 0 {
                offset += count
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                isBroken = true
            }
        }
        guard offset > 0, offset == unwritten.count || offset > Self.window else { return }
        unwritten.removeFirst(offset)
        offset = 0
    }
}
