internal import EventLoop

/// Why a device key file cannot be used. It is never replaced then: a new identity would lose every pairing.
package enum DeviceKeyFileError: Error, Equatable, Sendable {
    case io(path: String, operation: String, errno: Int32)
    case tooLarge(path: String, limit: Int)
    /// Not JSON; `reason` names the place.
    case unreadable(path: String, reason: String)
    /// JSON, but without a key pair in either of the known forms.
    case notAnIdentity(path: String)
    /// The public key is not that of the private key, or the key does not verify its own signature.
    case selfCheckFailed(path: String)
}

extension DeviceKeyFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .io(let path, let operation, let errno):
            "\(path): \(operation): \(EventLoopError.text(ofErrno: errno))"
        case .tooLarge(let path, let limit): "\(path): larger than \(limit) bytes, so not a device identity"
        case .unreadable(let path, let reason): "\(path): not readable as JSON (\(reason))"
        case .notAnIdentity(let path): "\(path): holds no device identity"
        case .selfCheckFailed(let path): "\(path): its keys do not belong together"
        }
    }
}
