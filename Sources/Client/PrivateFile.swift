internal import Crypto
internal import EventLoop
internal import Glibc

/// Small files that only their owner may read.
internal enum PrivateFile {
    /// - Returns: `nil` when there is no file.
    internal static func read(_ path: String, maxBytes: Int) throws(DeviceKeyFileError) -> [UInt8]? {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw .io(path: path, operation: "open", errno: errno)
        }
        let file = FileDescriptor(owning: raw)
        var bytes = [UInt8](repeating: 0, count: maxBytes + 1)
        var count = 0
        while count < bytes.count {
            let result = unsafe bytes[count...].withUnsafeMutableBytes {
                unsafe Glibc.read(file.raw, $0.baseAddress, $0.count)
            }
            if result == 0 { break }
            if result < 0 {
                if errno == EINTR { continue }
                throw .io(path: path, operation: "read", errno: errno)
            }
            count += result
        }
        guard count <= maxBytes else { throw .tooLarge(path: path, limit: maxBytes) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Creates the file with mode 0600, complete or not at all, and its missing directories with 0700. A file that
    /// appeared meanwhile is left alone.
    internal static func create(_ path: String, containing bytes: [UInt8]) throws(DeviceKeyFileError) {
        try createParents(of: path)
        let temporary = "\(path).\(SecureRandom.uuid()).tmp"
        defer { _ = unsafe unlink(temporary) }
        try write(bytes, toNew: temporary)
        // Unlike rename(), link() never replaces what another process has put there.
        guard unsafe link(temporary, path) == 0 || errno == EEXIST
        else { throw .io(path: path, operation: "link", errno: errno) }
        syncParent(of: path)
    }

    private static func write(_ bytes: [UInt8], toNew path: String) throws(DeviceKeyFileError) {
        let raw = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .io(path: path, operation: "create", errno: errno) }
        let file = FileDescriptor(owning: raw)
        var offset = 0
        while offset < bytes.count {
            let result = unsafe bytes[offset...].withUnsafeBytes {
                unsafe Glibc.write(file.raw, $0.baseAddress, $0.count)
            }
            if result < 0 {
                if errno == EINTR { continue }
                throw .io(path: path, operation: "write", errno: errno)
            }
            offset += result
        }
        guard fsync(file.raw) == 0 else { throw .io(path: path, operation: "sync", errno: errno) }
    }

    private static func createParents(of path: String) throws(DeviceKeyFileError) {
        for (index, character) in zip(path.indices, path) where character == "/" && index > path.startIndex {
            let directory = String(path[..<index])
            guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST
            else { throw .io(path: directory, operation: "create directory", errno: errno) }
        }
    }

    /// So that the name survives a power failure too. File systems that cannot do it are left alone.
    private static func syncParent(of path: String) {
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let raw = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { return }
        let directory = FileDescriptor(owning: raw)
        _ = fsync(directory.raw)
    }
}
