internal import Glibc
internal import Synchronization

/// What the product does with files. Directories are made 0700 and files 0600 unless said otherwise.
package enum Files {
    package static let maxBytes = 64 << 20

    /// Reads a whole regular file; symbolic links are followed.
    /// - Parameter maxBytes: a larger file is refused.
    package static func read(_ path: String, maxBytes: Int = Files.maxBytes) throws(FileError) -> [UInt8] {
        // Without O_NONBLOCK, a named pipe would keep us waiting for a writer.
        let file = try OpenFile(path, O_RDONLY | O_NONBLOCK)
        var status = stat()
        guard unsafe fstat(file.descriptor, &status) == 0 else { throw .failed(.read, path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
        return try readAll(file.descriptor, path: path, maxBytes: maxBytes)
    }

    /// Reads to the end of a descriptor that stays the caller's.
    package static func readAll(_ descriptor: Int32, path: String, maxBytes: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = try retrying(.read, path) { unsafe Glibc.read(descriptor, &buffer, buffer.count) }
            if count == 0 { return bytes }
            guard bytes.count + count <= maxBytes else { throw .tooLarge(path: path, limit: maxBytes) }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Whether something can be opened at this path.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// Whether there is anything under this name. A symbolic link counts even when it leads nowhere: a secret that is
    /// not mounted yet must not be taken for one that was never made.
    package static func hasEntry(_ path: String) throws(FileError) -> Bool {
        var status = stat()
        if unsafe lstat(path, &status) == 0 { return true }
        let code = errno
        guard code == ENOENT else { throw .failed(.open, path: path, errno: code) }
        return false
    }

    /// Makes a directory and those above it.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(FileError) {
        guard unsafe mkdir(path, mode) != 0 else { return }
        let code = errno
        switch code {
        case EEXIST: return
        case ENOENT where parent(of: path).utf8.count < path.utf8.count:
            try makeDirectory(parent(of: path), mode: mode)
            guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else {
                throw .failed(.makeDirectory, path: path, errno: errno)
            }
        default: throw .failed(.makeDirectory, path: path, errno: code)
        }
    }

    /// Whether a directory belongs to us (or root) and nobody else can put files into it.
    package static func isPrivate(_ directory: String) -> Bool {
        var status = stat()
        guard unsafe lstat(directory, &status) == 0 || errno == ENOENT else { return false }
        if status.st_mode & S_IFMT == S_IFLNK, unsafe stat(directory, &status) != 0 { return false }
        return (status.st_uid == geteuid() || status.st_uid == 0) && status.st_mode & S_IWOTH == 0
    }

    /// Replaces a file in one step: readers see the old contents or the new, never a part, also after a power cut.
    ///
    /// - Parameters:
    ///   - owner: of the file; nil: whoever we are.
    ///   - isDurable: false for what means nothing after a power cut, and need not wait for the disk.
    package static func writeAtomically(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600, owner: FileFacts.Owner? = nil, isDurable: Bool = true
    ) throws(FileError) {
        let temporary = try writeBeside(path, bytes, mode: mode, owner: owner, isDurable: isDurable)
        guard unsafe rename(temporary, path) == 0 else {
            let code = errno
            remove(temporary)
            throw .failed(.rename, path: path, errno: code)
        }
        if isDurable { syncDirectory(of: path) }
    }

    /// Creates a file, complete or not at all. One that is there already, or appears meanwhile, is left alone.
    package static func createExclusively(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(FileError) {
        let temporary = try writeBeside(path, bytes, mode: mode)
        defer { remove(temporary) }
        // Unlike rename(), link() never replaces what another process has put there.
        guard unsafe link(temporary, path) == 0 || errno == EEXIST else {
            throw .failed(.rename, path: path, errno: errno)
        }
        syncDirectory(of: path)
    }

    /// Puts a file in the place of another in one step; both are in the same directory.
    package static func move(_ path: String, to target: String) throws(FileError) {
        guard unsafe rename(path, target) == 0 else { throw .failed(.rename, path: path, errno: errno) }
        syncDirectory(of: target)
    }

    private static let serial = Atomic<Int>(0)

    /// - Returns: the path of a temporary file.
    private static func writeBeside(
        _ path: String, _ bytes: [UInt8], mode: UInt32, owner: FileFacts.Owner? = nil, isDurable: Bool = true
    ) throws(FileError) -> String {
        let number = serial.add(1, ordering: .relaxed).newValue
        let temporary = "\(path).\(getpid())-\(number).tmp"
        // What a crash left under this name is ours.
        remove(temporary)
        do throws(FileError) {
            let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            try writeAll(file.descriptor, bytes, path: path)
            if let owner, owner != FileFacts.Owner.current {
                _ = try retrying(.write, path) { Int(fchown(file.descriptor, owner.user, owner.group)) }
            }
            // What the umask took away.
            _ = try retrying(.write, path) { Int(fchmod(file.descriptor, mode)) }
            if isDurable { _ = try retrying(.sync, path) { Int(fsync(file.descriptor)) } }
        } catch {
            remove(temporary)
            throw error
        }
        return temporary
    }

    /// Without this a new name could be lost in a power failure. Best effort: some file systems refuse it.
    private static func syncDirectory(of path: String) {
        guard let directory = try? OpenFile(parent(of: path), O_RDONLY | O_DIRECTORY) else { return }
        fsync(directory.descriptor)
    }

    package static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], path: String) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try retrying(.write, path) {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }

    package static func remove(_ path: String) {
        unsafe unlink(path)
    }

    /// Removes a directory with everything below it, without following links.
    ///
    /// Whoever filled it may have meant harm, and may still be at it: nothing is named by a path with a directory of theirs
    /// in it, and directories are moved up and emptied there, so neither names longer than a path may be nor depth keep
    /// anything from going.
    package static func removeTree(_ path: String) {
        if let top = directory(path, in: AT_FDCWD) {
            var moved = 0
            for _ in 0..<maxRemovalRounds {
                var isProgress = false
                for name in names(of: top.descriptor) where empty(name, in: top.descriptor, &moved) {
                    isProgress = true
                }
                guard isProgress else { break }
            }
        }
        unsafe rmdir(path)
    }

    private static let maxRemovalRounds = 100_000

    /// Removes one entry; the directories in it are moved to `top`, to be removed there.
    /// - Returns: whether it is gone.
    private static func empty(_ name: String, in top: Int32, _ moved: inout Int) -> Bool {
        guard let entry = directory(name, in: top) else { return unsafe unlinkat(top, name, 0) == 0 }
        for inner in names(of: entry.descriptor) {
            guard unsafe unlinkat(entry.descriptor, inner, 0) != 0, errno == EISDIR || errno == EPERM else { continue }
            repeat {
                moved += 1
            } while unsafe renameat(entry.descriptor, inner, top, ".removed-\(moved)") != 0
                && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
        }
        return unsafe unlinkat(top, name, AT_REMOVEDIR) == 0
    }

    /// Opens a directory, even one that its maker has closed to himself.
    /// - Returns: nil for anything else, such as a link to a directory.
    private static func directory(_ name: String, in parent: Int32) -> DirectoryDescriptor? {
        if let found = DirectoryDescriptor(name, in: parent) { return found }
        var status = stat()
        guard errno == EACCES, unsafe fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFDIR
        else { return nil }
        // Root is never refused, so this changes at most what the caller's own user could have changed.
        unsafe fchmodat(parent, name, 0o700, 0)
        return DirectoryDescriptor(name, in: parent)
    }

    /// Owns an open directory that was reached without following a link.
    private final class DirectoryDescriptor {
        let descriptor: Int32

        init?(_ name: String, in parent: Int32) {
            descriptor = unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            // Without this what is in a directory that nobody may write to would stay, except for root.
            fchmod(descriptor, 0o700)
        }

        deinit { if descriptor >= 0 { close(descriptor) } }
    }

    /// Names in a directory, without `.` and `..`; none when it cannot be read.
    package static func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe _ = closedir(stream) }
        return unsafe names(stream)
    }

    /// - Parameter directory: its position is left alone.
    private static func names(of directory: Int32) -> [String] {
        let descriptor = unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        guard let stream = unsafe fdopendir(descriptor) else {
            close(descriptor)
            return []
        }
        defer { unsafe _ = closedir(stream) }
        return unsafe names(stream)
    }

    private static func names(_ stream: OpaquePointer) -> [String] {
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// The directory part of a path.
    package static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path as seen from the root directory, whatever the working directory of others is.
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = readLink("/proc/self/cwd") else { return path }
        return path == "." ? here : here + "/" + path
    }

    /// Where a symbolic link points; nil when it is none.
    package static func readLink(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The path of the program that runs.
    package static func currentExecutable() -> String? {
        readLink("/proc/self/exe")
    }

    private static func retrying(
        _ operation: FileError.Operation, _ path: String, _ body: () -> Int
    ) throws(FileError) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            let code = errno
            guard code == EINTR else { throw .failed(operation, path: path, errno: code) }
        }
    }

    /// Owns an open file.
    private struct OpenFile: ~Copyable {
        let descriptor: Int32

        init(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(FileError) {
            descriptor = unsafe open(path, flags | O_CLOEXEC, mode)
            guard descriptor >= 0 else { throw .failed(.open, path: path, errno: errno) }
        }

        deinit { close(descriptor) }
    }
}
