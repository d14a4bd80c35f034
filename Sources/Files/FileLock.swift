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

    /// Takes over a lock that another image of this process held: it belongs to the open file.
    ///
    /// - Parameter descriptor: of the lock's file, open; closed here if that is not what it is.
    package init(adopting descriptor: Int32, of path: String) throws(FileError) {
        var held = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &held) == 0, unsafe lstat(path, &named) == 0, held.st_ino == named.st_ino,
            held.st_dev == named.st_dev, flock(descriptor, LOCK_EX | LOCK_NB) == 0
        else {
            let code = errno
            close(descriptor)
            throw .failed(.lock, path: path, errno: code)
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = descriptor
    }

    /// For the image that takes over.
    package var raw: Int32 { descriptor }

    deinit { close(descriptor) }
}
