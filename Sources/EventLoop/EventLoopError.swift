internal import Glibc

/// Why the kernel or a name refused us.
package enum EventLoopError: Error, Equatable, Sendable {
    /// `call` names the system call; `errno` is what it left.
    case system(call: String, errno: Int32)
    /// Somebody else, perhaps another gateway, listens here.
    case addressInUse(SocketAddress)
    /// Something that is no socket is where one should be.
    case notASocket(path: String)
    /// A Unix path that is empty or longer than 107 bytes.
    case unusablePath(String)
    /// The name does not resolve; `reason` is the resolver's text.
    case unresolvable(host: String, reason: String)
}

extension EventLoopError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let call, let errno): "\(call): \(Self.text(ofErrno: errno))"
        case .addressInUse(let address): "address in use: \(address)"
        case .notASocket(let path): "\(path) is there already and is no socket"
        case .unusablePath(let path):
            "a Unix socket's path has 1 to 107 bytes, this one has \(path.utf8.count): \"\(path)\""
        case .unresolvable(let host, let reason): "cannot resolve \(host): \(reason)"
        }
    }

    /// What `strerror` says, without its shared buffer.
    package static func text(ofErrno code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
