internal import ACP
internal import EventLoop
internal import Glibc

/// The files of a session's working directory, for an agent that has them read and written by its client. No symbolic link
/// is followed on the way, and nothing but plain files is opened.
final class WorkspaceFiles {
    private let directory: FileDescriptor

    /// - Returns: nil: the directory cannot be opened; `errno` says why.
    init?(_ path: String) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        directory = FileDescriptor(owning: descriptor)
    }

    func read(_ path: WorkspacePath) -> Result<[UInt8], ACPMessage.RPCError> {
        do throws(ACPMessage.RPCError) {
            let file = try opened(path, O_RDONLY)
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
            let file = try opened(path, O_WRONLY | O_CREAT)
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
        var parent = try Self.opened("./", below: directory.raw, O_RDONLY | O_DIRECTORY)
        for name in path.components.dropLast() {
            parent = try Self.opened(name, below: parent.raw, O_RDONLY | O_DIRECTORY)
        }
        // A pipe without a peer would be waited for.
        let file = try Self.opened(name, below: parent.raw, flags | O_NONBLOCK)
        var status = stat()
        guard unsafe fstat(file.raw, &status) == 0 else { throw Self.failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.failure(ENXIO) }
        return file
    }

    private static func opened(
        _ name: String, below directory: Int32, _ flags: Int32
    ) throws(ACPMessage.RPCError) -> FileDescriptor {
        let descriptor = unsafe openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(errno) }
        return FileDescriptor(owning: descriptor)
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
