internal import Glibc

/// Our writing end of a command's standard input, with what is still to be written. Its owner calls ``finish()`` before
/// dropping it.
struct InputPipe {
    /// `nil` once everything is written or nobody reads any more.
    private(set) var descriptor: Int32?
    private var bytes: [UInt8]
    private var written = 0
    /// More may follow what is written.
    private var staysOpen: Bool

    init(descriptor: Int32?, bytes: [UInt8], staysOpen: Bool = false) {
        self.descriptor = descriptor
        self.bytes = bytes
        self.staysOpen = staysOpen
    }

    var unwritten: Int { bytes.count - written }
    /// Whether ``write()`` has something to do once the pipe takes more.
    var wantsWrite: Bool { descriptor != nil && (unwritten > 0 || !staysOpen) }

    /// Puts bytes behind those that are not written yet; when nobody reads any more they are dropped.
    mutating func append(_ more: [UInt8]) {
        guard descriptor != nil, staysOpen else { return }
        if written > 0 { bytes.removeFirst(written) }
        written = 0
        bytes.append(contentsOf: more)
    }

    mutating func closeWhenWritten() { staysOpen = false }

    /// Writes as much as the pipe takes now, and closes it after the last byte unless it stays open. Never blocks.
    mutating func write() {
        while let descriptor {
            let rest = unwritten
            if rest == 0 { return staysOpen ? () : finish() }
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
