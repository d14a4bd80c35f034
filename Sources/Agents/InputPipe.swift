internal import Glibc

/// Our writing end of a command's standard input, with what is still to be written. Its owner calls ``finish()`` before
/// dropping it.
struct InputPipe {
    /// `nil` once everything is written or nobody reads any more.
    private(set) var descriptor: Int32?
    private var bytes: [UInt8]
    private var written = 0

    init(descriptor: Int32?, bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    /// Writes as much as the pipe takes now and closes it after the last byte. Never blocks.
    mutating func write() {
        while let descriptor {
            let rest = bytes.count - written
            if rest == 0 { return finish() }
            let offset = written
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, rest)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                // EPIPE: a command may close its input without reading it.
                return finish()
            }
        }
    }

    mutating func finish() {
        if let descriptor { close(descriptor) }
        descriptor = nil
        bytes = []
        written = 0
    }
}
