internal import Glibc

/// Owns one open file descriptor and closes it.
package struct FileDescriptor: ~Copyable, Sendable {
    /// For calls that borrow the descriptor; the owner still closes it.
    package let raw: Int32

    package init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        // EINTR included, Linux has released the number: closing again could hit someone else's descriptor.
        _ = close(raw)
    }

    /// Hands the descriptor to the caller, who closes it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// A second descriptor for the same open file, close-on-exec.
    package borrowing func duplicate() throws(EventLoopError) -> FileDescriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system(call: "fcntl(F_DUPFD_CLOEXEC)", errno: errno) }
        return FileDescriptor(owning: copy)
    }
}
