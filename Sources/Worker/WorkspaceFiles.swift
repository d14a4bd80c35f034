internal import ACP
internal import CLinux
internal import EventLoop
internal import Glibc
internal import Wire

/// The files of a session's working directory, for an agent that has them read and written by its client. No symbolic link
/// is followed on the way, and nothing but plain files is opened.
final class WorkspaceFiles {
    private let directory: FileDescriptor
    private let user: Isolation.User?
    private let hidden: [FileNumber]

    /// - Parameters:
    ///   - user: whose files they are, when not ours.
    ///   - hidden: what is not opened wherever it lies.
    /// - Returns: nil: the directory cannot be opened; `errno` says why.
    init?(_ path: String, user: Isolation.User? = nil, hidden: [String] = []) {
        self.user = user
        self.hidden = hidden.compactMap { path in
            var status = stat()
            return unsafe stat(path, &status) == 0 ? FileNumber(status) : nil
        }
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        directory = FileDescriptor(owning: descriptor)
    }

    /// Which file it is, under whatever name.
    private struct FileNumber: Equatable {
        let device: dev_t
        let inode: ino_t

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
        }
    }

    /// Opens as the command's user: root could open more.
    private func openedAsUser(_ path: WorkspacePath, _ flags: Int32) throws(ACPMessage.RPCError) -> FileDescriptor {
        guard let user else { return try opened(path, flags) }
        sallyport_use_files_as(user.uid, user.gid)
        defer { sallyport_use_files_as(geteuid(), getegid()) }
        return try opened(path, flags)
    }

    func read(_ path: WorkspacePath) -> Result<[UInt8], ACPMessage.RPCError> {
        do throws(ACPMessage.RPCError) {
            let file = try openedAsUser(path, O_RDONLY)
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while true {
                let count = unsafe Glibc.read(file.raw, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw Self.failure(errno) }
                if count == 0 { return .success(bytes) }
                bytes.append(contentsOf: buffer[..<count])
                guard bytes.count <= ACPClient.maxFileBytes else {
                    throw ACPMessage.RPCError(
                        ACPMessage.RPCError.internalError, "the file has more than \(ACPClient.maxFileBytes) bytes")
                }
            }
        } catch {
            return .failure(error)
        }
    }

    /// - Returns: what went wrong.
    func write(_ path: WorkspacePath, _ content: String) -> ACPMessage.RPCError? {
        do throws(ACPMessage.RPCError) {
            let file = try openedAsUser(path, O_WRONLY | O_CREAT)
            // Only now that it is known to be a plain file.
            guard ftruncate(file.raw, 0) == 0 else { throw Self.failure(errno) }
            let bytes = Array(content.utf8)
            var written = 0
            while written < bytes.count {
                let count = unsafe bytes.withUnsafeBytes { buffer in
                    unsafe Glibc.write(file.raw, buffer.baseAddress! + written, bytes.count - written)
                }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw Self.failure(errno) }
                written += count
            }
            return nil
        } catch {
            return error
        }
    }

    /// Opens name by name.
    private func opened(_ path: WorkspacePath, _ flags: Int32) throws(ACPMessage.RPCError) -> FileDescriptor {
        guard let name = path.components.last else { throw Self.failure(EISDIR) }
        var parent = try opened("./", below: directory.raw, O_RDONLY | O_DIRECTORY)
        for name in path.components.dropLast() {
            parent = try opened(name, below: parent.raw, O_RDONLY | O_DIRECTORY)
        }
        // A pipe without a peer would be waited for.
        let file = try opened(name, below: parent.raw, flags | O_NONBLOCK)
        var status = stat()
        guard unsafe fstat(file.raw, &status) == 0 else { throw Self.failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.failure(ENXIO) }
        return file
    }

    private func opened(
        _ name: String, below directory: Int32, _ flags: Int32
    ) throws(ACPMessage.RPCError) -> FileDescriptor {
        let descriptor = unsafe openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        let file = FileDescriptor(owning: descriptor)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Self.failure(errno) }
        guard !hidden.contains(FileNumber(status)) else { throw Self.failure(EACCES) }
        return file
    }

    private static func failure(_ error: Int32) -> ACPMessage.RPCError {
        switch error {
        case ENOENT: .init(ACPMessage.RPCError.resourceNotFound, "no such file")
        case ELOOP, ENOTDIR:
            .init(
                ACPMessage.RPCError.invalidParams, "the path leads over a symbolic link or a file: that is not followed"
            )
        case EISDIR, ENXIO: .init(ACPMessage.RPCError.invalidParams, "the path is not that of a plain file")
        default: .init(ACPMessage.RPCError.internalError, unsafe String(cString: strerror(error)))
        }
    }
}
