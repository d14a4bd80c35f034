internal import Glibc

/// The few things that the product does with files. Directories are made 0700 and files 0600 unless said otherwise.
package enum Files {
    package static let maxBytes = 64 << 20

    /// - Parameter maxBytes: a larger file is refused.
    package static func read(_ path: String, maxBytes: Int = Files.maxBytes) throws(FileError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(operation: "read", path: path, errno: errno) }
        defer { close(descriptor) }
        return try readAll(descriptor, path: path, maxBytes: maxBytes)
    }

    /// Reads to the end of a descriptor that stays the caller's.
    package static func readAll(_ descriptor: Int32, path: String, maxBytes: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(operation: "read", path: path, errno: errno)
            }
            guard bytes.count + count <= maxBytes else { throw .tooLarge(path: path, limit: maxBytes) }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// The permission bits; nil when there is no such file.
    package static func mode(of path: String) -> UInt32? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & 0o7777
    }

    /// Makes a directory and those above it.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(FileError) {
        guard unsafe mkdir(path, mode) != 0 else { return }
        switch errno {
        case EEXIST: return
        case ENOENT:
            let parent = directory(of: path)
            guard parent != path else { throw .system(operation: "make the directory", path: path, errno: ENOENT) }
            try makeDirectory(parent, mode: mode)
            guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else {
                throw .system(operation: "make the directory", path: path, errno: errno)
            }
        default: throw .system(operation: "make the directory", path: path, errno: errno)
        }
    }

    /// Replaces a file in one step: readers see the old contents or the new, never a part, also after a power cut.
    package static func writeAtomically(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(FileError) {
        let temporary = "\(path).\(getpid()).part"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw .system(operation: "write", path: path, errno: errno) }
        do throws(FileError) {
            defer { close(descriptor) }
            guard fchmod(descriptor, mode) == 0 else {
                throw FileError.system(operation: "chmod", path: path, errno: errno)
            }
            try writeAll(descriptor, bytes, path: path)
            guard fsync(descriptor) == 0 else { throw FileError.system(operation: "sync", path: path, errno: errno) }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        guard unsafe rename(temporary, path) == 0 else {
            let code = errno
            unsafe unlink(temporary)
            throw .system(operation: "replace", path: path, errno: code)
        }
        let parent = unsafe open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    package static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], path: String) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(operation: "write", path: path, errno: errno)
            }
            written += count
        }
    }

    package static func remove(_ path: String) {
        unsafe unlink(path)
    }

    /// Removes a directory with everything below it, without following links.
    package static func removeTree(_ path: String) {
        for name in names(in: path) {
            let child = path + "/" + name
            var status = stat()
            if unsafe lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                removeTree(child)
            } else {
                unsafe unlink(child)
            }
        }
        unsafe rmdir(path)
    }

    package static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path of the program that runs.
    package static func currentExecutable() -> String? {
        readLink("/proc/self/exe")
    }

    /// Where a symbolic link points; nil when it is none.
    package static func readLink(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Names in a directory, without `.` and `..`; none when it cannot be read.
    package static func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
