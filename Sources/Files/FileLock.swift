internal import Glibc

/// An exclusive `flock` on a file, held for as long as this value lives. The file says who holds it.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// - Parameter holder: written into the file, for whoever comes second.
    package init(_ path: String, holder: String) throws(FileError) {
        // Not through a link: the file is emptied and written to.
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .failed(.lock, path: path, errno: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let text = (try? Files.readAll(descriptor, path: path, maxBytes: 4096)) ?? []
            close(descriptor)
            guard code == EWOULDBLOCK else { throw .failed(.lock, path: path, errno: code) }
            throw .locked(path: path, holder: String(decoding: text, as: UTF8.self))
        }
        ftruncate(descriptor, 0)
        do {
            try Files.writeAll(descriptor, Array(holder.utf8), path: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
