internal import Glibc

/// Why a file operation failed, with the path.
package enum FileError: Error, Equatable, Sendable {
    case system(operation: String, path: String, errno: Int32)
    case tooLarge(path: String, limit: Int)
    /// Somebody else holds the lock; `holder` is what they wrote into the file.
    case locked(path: String, holder: String)
}

extension FileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "cannot \(operation) \(path): \(Self.text(code))"
        case .tooLarge(let path, let limit): "\(path) is larger than \(limit) bytes"
        case .locked(let path, let holder): "\(path) is held by \(holder.isEmpty ? "another process" : holder)"
        }
    }

    package var isMissing: Bool {
        if case .system(_, _, ENOENT) = self { true } else { false }
    }

    private static func text(_ code: Int32) -> String {
        guard let message = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: message)
    }
}
