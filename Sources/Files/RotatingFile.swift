internal import Glibc

/// A file that is appended to, and set aside when it is full: `gateway.log`, `gateway.log.1`, … For one thread.
package struct RotatingFile: ~Copyable {
    package let path: String
    private let maxBytes: Int
    private let maxFiles: Int
    private var descriptor: Int32
    private var size: Int

    /// - Parameter maxFiles: how many full ones are kept.
    package init(_ path: String, maxBytes: Int, maxFiles: Int) throws(FileError) {
        self.path = path
        self.maxBytes = maxBytes
        self.maxFiles = maxFiles
        try Files.makeDirectory(Files.parent(of: path))
        (descriptor, size) = try Self.open(path)
    }

    private static func open(_ path: String) throws(FileError) -> (Int32, Int) {
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .failed(.open, path: path, errno: errno) }
        let end = lseek(descriptor, 0, SEEK_END)
        return (descriptor, max(0, Int(end)))
    }

    /// Appends whole lines. The file is set aside before it would be larger than it may be.
    package mutating func append(_ bytes: [UInt8]) throws(FileError) {
        if size > 0, size + bytes.count > maxBytes { try rotate() }
        try Files.writeAll(descriptor, bytes, path: path)
        size += bytes.count
    }

    /// Opens the file anew: somebody may have set it aside.
    package mutating func reopen() throws(FileError) {
        let (next, end) = try Self.open(path)
        close(descriptor)
        (descriptor, size) = (next, end)
    }

    private mutating func rotate() throws(FileError) {
        if maxFiles == 0 {
            _ = unsafe unlink(path)
        } else {
            for number in stride(from: maxFiles - 1, through: 1, by: -1) {
                _ = unsafe rename("\(path).\(number)", "\(path).\(number + 1)")
            }
            _ = unsafe rename(path, path + ".1")
        }
        try reopen()
    }

    deinit { close(descriptor) }
}
