/// Why records could not be kept or read.
package enum StoreError: Error, Equatable, Sendable {
    /// Written by a newer version. The process ends with exit code 78.
    case newerSchema(path: String, found: Int, supported: Int)
    case corrupt(path: String, detail: String)
    case diskFull(path: String)
    case readOnly(path: String)
    /// The file was removed or replaced while it was open: what is written now would be gone with the process.
    case removed(path: String)
    /// Another process holds the database for longer than we wait.
    case locked(path: String)
    /// The record is not in the expected revision. Nothing of the commit was applied.
    case revisionConflict(record: String)
    /// More commits or queries are waiting for the disk than the store accepts.
    case overloaded(limit: Int)
    case closed
    /// Anything else, with SQLite's extended result code or, when `message` names a system call, its errno.
    case io(path: String, code: Int32, message: String)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .newerSchema(let path, let found, let supported):
            "\(path) has schema version \(found), but this version knows only up to \(supported): "
                + "use the newer version again, or restore a backup from before the upgrade"
        case .corrupt(let path, let detail):
            "\(path) is damaged (\(detail)): stop the gateway, keep a copy, then restore a backup made with sallyport "
                + "backup, or try sqlite3 \(path) .recover"
        case .diskFull(let path):
            "no space left for \(path): free space on its file system; nothing that was acknowledged is lost, reading "
                + "goes on, and so does writing once there is space"
        case .readOnly(let path):
            "cannot write \(path): check that the file, its directory and its file system are writable for this user"
        case .removed(let path):
            "\(path) was removed or replaced while the gateway was using it: nothing is written until it is back; "
                + "otherwise stop the gateway, restore a backup and start it again"
        case .locked(let path):
            "\(path) is locked by another process: stop the other gateway or close the tool that has it open"
        case .revisionConflict(let record):
            "\(record) was changed meanwhile: read it again and repeat"
        case .overloaded(let limit):
            "\(limit) requests are waiting for the disk already: try again later"
        case .closed:
            "the store is closed"
        case .io(let path, let code, let message):
            "cannot use \(path): \(message) (\(code)); check the file system and the disk"
        }
    }
}
