internal import Glibc

/// Makes the database's file and directory, closed to other users.
enum StoreFile {
    static func prepare(_ path: String) throws(StoreError) {
        let directory = directory(of: path)
        if path.contains("/") { try makeDirectory(directory, path) }
        // SQLite gives its other files the mode of this one. An existing file is not opened here, since closing it
        // would drop the locks of a connection that this process may have.
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            Glibc.close(descriptor)
        } else if errno != EEXIST {
            throw error("open", path)
        } else if unsafe chmod(path, 0o600) != 0 && errno != EROFS && errno != EPERM {
            throw error("chmod", path)
        }
        // SQLite would open a read-only file for reading, and then fail in ways that are harder to explain.
        guard unsafe access(path, R_OK | W_OK) == 0, unsafe access(directory, W_OK | X_OK) == 0 else {
            throw error("access", path)
        }
    }

    /// Makes a new, empty file.
    static func create(_ path: String) throws(StoreError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw error("open", path) }
        Glibc.close(descriptor)
    }

    /// Makes a file durable, and its name in its directory.
    static func sync(_ path: String) throws(StoreError) {
        for target in [path, directory(of: path)] {
            let descriptor = unsafe open(target, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw error("open", path) }
            let outcome = fsync(descriptor)
            let code = errno
            Glibc.close(descriptor)
            errno = code
            // Some file systems have no syncing of directories.
            if outcome != 0 && !(target != path && code == EINVAL) { throw error("fsync", path) }
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Which file a path leads to; `nil` when to none.
    struct Identity: Equatable {
        private let device: dev_t
        private let inode: ino_t

        init?(_ path: String) {
            var facts = stat()
            guard unsafe stat(path, &facts) == 0 else { return nil }
            device = facts.st_dev
            inode = facts.st_ino
        }
    }

    /// Directories that exist keep their mode.
    private static func makeDirectory(_ directory: String, _ path: String) throws(StoreError) {
        if unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = directory.lastIndex(of: "/"), slash != directory.startIndex else {
            throw error("mkdir", path)
        }
        try makeDirectory(String(directory[..<slash]), path)
        if unsafe mkdir(directory, 0o700) != 0 && errno != EEXIST { throw error("mkdir", path) }
    }

    private static func error(_ call: String, _ path: String) -> StoreError {
        switch errno {
        case EACCES, EPERM, EROFS: return .readOnly(path: path)
        case ENOSPC, EDQUOT: return .diskFull(path: path)
        case let code:
            let message = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error"
            return .io(path: path, code: code, message: "\(call): \(message)")
        }
    }
}
