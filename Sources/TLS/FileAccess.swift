internal import Crypto
internal import Glibc

/// The few file operations that certificates and keys need.
enum FileAccess {
    /// Whether there is anything under this name. A symbolic link counts even when it leads nowhere: a secret that is
    /// not mounted yet must not be taken for one that was never made.
    static func exists(_ path: String) throws(TLSError) -> Bool {
        var status = stat()
        if unsafe lstat(path, &status) == 0 { return true }
        let code = errno
        guard code == ENOENT else { throw .fileFailed(path: path, operation: .open, errno: code) }
        return false
    }

    static func read(_ path: String, maxBytes: Int) throws(TLSError) -> String {
        let file = try Descriptor(path, flags: O_RDONLY)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        defer {
            wipe(&bytes)
            wipe(&chunk)
        }
        while true {
            let count = try retryingInterrupts(path, .read) { unsafe Glibc.read(file.number, &chunk, chunk.count) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            guard bytes.count + count <= maxBytes else { throw .fileTooLarge(path: path, limit: maxBytes) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Writes a temporary file beside `path`, makes it durable and gives it its name.
    static func writeAtomically(_ text: String, to path: String, mode: mode_t) throws(TLSError) {
        let directory = parent(of: path)
        let temporary = "\(path).\(Hex.encode(SecureRandom.bytes(8))).tmp"
        do throws(TLSError) {
            let file = try Descriptor(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = try retryingInterrupts(path, .write) {
                    unsafe rest.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
                }
                rest = rest.dropFirst(count)
            }
            // What the umask took away.
            _ = try retryingInterrupts(path, .write) { Int(fchmod(file.number, mode)) }
            _ = try retryingInterrupts(path, .sync) { Int(fsync(file.number)) }
            _ = try retryingInterrupts(path, .rename) { Int(unsafe rename(temporary, path)) }
        } catch {
            remove(temporary)
            throw error
        }
        // Without this the name could be lost in a power failure.
        let file = try Descriptor(directory, flags: O_RDONLY | O_DIRECTORY)
        _ = try retryingInterrupts(directory, .sync) { Int(fsync(file.number)) }
    }

    static func createParentDirectories(of path: String) throws(TLSError) {
        let directory = parent(of: path)
        // The file system's own limit on the length of a path bounds this recursion.
        guard directory.utf8.count < path.utf8.count, directory.utf8.count < Int(PATH_MAX),
            try !exists(directory)
        else { return }
        try createParentDirectories(of: directory)
        guard unsafe mkdir(directory, 0o700) != 0 else { return }
        let code = errno
        guard code == EEXIST else { throw .fileFailed(path: directory, operation: .createDirectory, errno: code) }
    }

    static func remove(_ path: String) {
        unsafe unlink(path)
    }

    private static func parent(of path: String) -> String {
        let trimmed = path.drop { $0 == "/" }
        guard let slash = trimmed.lastIndex(of: "/") else { return path.hasPrefix("/") ? "/" : "." }
        return String(path[..<slash])
    }

    private static func retryingInterrupts(
        _ path: String, _ operation: TLSError.FileOperation, _ body: () -> Int
    ) throws(TLSError) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            let code = errno
            guard code == EINTR else { throw .fileFailed(path: path, operation: operation, errno: code) }
        }
    }

    /// Owns an open file.
    private struct Descriptor: ~Copyable {
        let number: Int32

        init(_ path: String, flags: Int32, mode: mode_t = 0) throws(TLSError) {
            number = unsafe open(path, flags | O_CLOEXEC, mode)
            guard number >= 0 else { throw .fileFailed(path: path, operation: .open, errno: errno) }
        }

        deinit { close(number) }
    }
}
