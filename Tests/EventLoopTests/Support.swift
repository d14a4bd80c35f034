import EventLoop
import Glibc

/// Runs closures as handlers.
final class ClosureHandler: EventHandler {
    var body: (Readiness, Reactor) -> Void

    init(_ body: @escaping (Readiness, Reactor) -> Void) {
        self.body = body
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        body(events, reactor)
    }
}

/// Two connected stream sockets, closed with this object.
final class SocketPair {
    let left: FileDescriptor
    let right: FileDescriptor

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0
        else { throw EventLoopError.system(call: "socketpair", errno: errno) }
        left = FileDescriptor(owning: ends[0])
        right = FileDescriptor(owning: ends[1])
    }
}

extension Reactor {
    /// Runs until the test stops the reactor; a test that never does ends after ten seconds with `false`.
    func runWithDeadline() -> Bool {
        var expired = false
        schedule(after: .seconds(10)) { reactor in
            expired = true
            reactor.stop()
        }
        run()
        return !expired
    }
}

func isOpen(_ descriptor: Int32) -> Bool {
    fcntl(descriptor, F_GETFD) >= 0
}

/// A path in the temporary directory that no other test uses.
func temporaryPath(_ name: String) -> String {
    "/tmp/sallyport-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(name)"
}
