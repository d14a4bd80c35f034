internal import CLinux
internal import Glibc

/// Listening sockets that another program made: the service manager, or the gateway before us.
extension Sockets {
    /// - Returns: nil when the descriptor is no stream socket that is listened on; it is left alone then.
    package static func adoptListener(_ raw: Int32) -> FileDescriptor? {
        guard raw > STDERR_FILENO, sallyport_is_listening(raw) != 0 else { return nil }
        let flags = fcntl(raw, F_GETFL)
        guard flags >= 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0, fcntl(raw, F_SETFD, FD_CLOEXEC) == 0
        else { return nil }
        return FileDescriptor(owning: raw)
    }

    /// From now on the descriptor stays open over `exec`.
    package static func letInherit(_ raw: Int32) {
        _ = fcntl(raw, F_SETFD, 0)
    }
}
