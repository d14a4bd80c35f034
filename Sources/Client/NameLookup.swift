internal import CLinux
internal import EventLoop
internal import Glibc
internal import Synchronization

/// Finds the addresses of a host without waiting longer than asked: resolvers take as long as they like, and nothing
/// ends them, so they get a thread of their own.
internal enum NameLookup {
    private final class Answer: Sendable {
        let addresses = Mutex<Result<[SocketAddress], EventLoopError>?>(nil)
        /// Readable when there is an answer.
        let isReady = FileDescriptor(owning: sallyport_eventfd())
    }

    internal static func addresses(
        host: String, port: UInt16, until deadline: Deadline
    ) throws(ClientError) -> Result<[SocketAddress], EventLoopError> {
        if let literal = SocketAddress(literal: host, port: port) { return .success([literal]) }
        let answer = Answer()
        guard answer.isReady.raw >= 0 else { return .failure(.system(call: "eventfd", errno: errno)) }
        do throws(EventLoopError) {
            // Not joined: when nobody waits for it any more, it ends by itself.
            _ = try Reactor.spawnThread(name: "resolver") { reactor in
                let result: Result<[SocketAddress], EventLoopError>
                do throws(EventLoopError) {
                    result = .success(try Sockets.resolve(host: host, port: port))
                } catch {
                    result = .failure(error)
                }
                answer.addresses.withLock { $0 = result }
                _ = eventfd_write(answer.isReady.raw, 1)
                reactor.stop()
            }
        } catch {
            return .failure(error)
        }
        guard try deadline.wait(answer.isReady.raw, for: .read), let result = answer.addresses.withLock({ $0 })
        else { throw deadline.timeout(waitingFor: "the address of \(host)") }
        return result
    }
}
