internal import Glibc

/// Why a file operation failed, with the path.
package enum FileError: Error, Equatable, Sendable {
    package enum Operation: String, Sendable {
        case open, read, write, sync, rename, lock
        case makeDirectory = "make directory"
    }

    case failed(Operation, path: String, errno: Int32)
    case notARegularFile(path: String)
    case tooLarge(path: String, limit: Int)
    /// Somebody else holds the lock; `holder` is what they wrote into the file.
    case locked(path: String, holder: String)
}

extension FileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .failed(let operation, let path, let code): "\(path): \(operation.rawValue): \(Self.text(code))"
        case .notARegularFile(let path): "\(path): not a regular file"
        case .tooLarge(let path, let limit): "\(path): larger than \(limit) bytes"
        case .locked(let path, let holder): "\(path): held by \(holder.isEmpty ? "another process" : holder)"
        }
    }

    package var isMissing: Bool {
        if case .failed(_, _, ENOENT) = self { true } else { false }
    }

    private static func text(_ code: Int32) -> String {
        guard let message = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: message)
    }
}
