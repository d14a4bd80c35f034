internal import EventLoop
internal import Glibc

extension Dialer {
    /// Connects to a Unix socket. Without TLS: nobody but the kernel is on the way.
    internal static func dial(unixSocket path: String, until deadline: Deadline) throws(ClientError) -> Transport {
        do throws(EventLoopError) {
            let socket = try Sockets.connectUnix(path: path)
            guard Polling.wait(socket.raw, for: .write, until: deadline.instant) else {
                throw .system(call: "connect", errno: ETIMEDOUT)
            }
            if let error = Sockets.pendingError(socket) { throw error }
            return Transport(socket, tls: nil)
        } catch {
            throw .unreachable(url: "unix:\(path)", reason: error.description)
        }
    }
}
