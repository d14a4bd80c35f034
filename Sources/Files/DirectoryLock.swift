internal import Glibc

/// An exclusive `flock` on a directory, for those who replace files in it by turns. Nothing is left behind.
package struct DirectoryLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// - Parameter attempts: how often to try, 20 ms apart.
    package init(_ path: String, attempts: Int = 100) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed(.lock, path: path, errno: errno) }
        for attempt in 1... {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { break }
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR, attempt < attempts else {
                close(descriptor)
                guard code == EWOULDBLOCK else { throw .failed(.lock, path: path, errno: code) }
                throw .locked(path: path, holder: "")
            }
            usleep(20_000)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
