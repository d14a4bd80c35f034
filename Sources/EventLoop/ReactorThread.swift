internal import CLinux
internal import Glibc
internal import Synchronization

extension Reactor {
    /// Starts a thread that runs a reactor of its own.
    ///
    /// - Parameters:
    ///   - name: Shown by `ps -L` and debuggers; the kernel keeps 15 bytes.
    ///   - body: Runs on the new thread before ``run()``, which follows by itself.
    package static func spawnThread(
        name: String, body: @escaping @Sendable (Reactor) -> Void
    ) throws(EventLoopError) -> ReactorThread {
        let reactor = try Reactor()
        let handle = reactor.handle
        let start = ThreadStart(name: name, reactor: reactor, body: body)
        let opaque = unsafe Unmanaged.passRetained(start).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, opaque)
        guard code == 0 else {
            unsafe Unmanaged<ThreadStart>.fromOpaque(opaque).release()
            throw .system(call: "pthread_create", errno: code)
        }
        return ReactorThread(handle: handle, thread: thread)
    }
}

/// Carries a reactor to the thread that will own it.
///
/// `@unchecked Sendable` because it is handed over once: `spawnThread` does not touch the reactor after the thread
/// has been started.
private final class ThreadStart: @unchecked Sendable {
    private let name: String
    private let reactor: Reactor
    private let body: @Sendable (Reactor) -> Void

    init(name: String, reactor: Reactor, body: @escaping @Sendable (Reactor) -> Void) {
        self.name = name
        self.reactor = reactor
        self.body = body
    }

    func run() {
        _ = unsafe sallyport_set_thread_name(name)
        body(reactor)
        reactor.run()
    }
}

/// A running reactor's thread, as its starter sees it.
package final class ReactorThread: Sendable {
    package let handle: ReactorHandle
    private let thread: Mutex<pthread_t?>

    internal init(handle: ReactorHandle, thread: pthread_t) {
        self.handle = handle
        self.thread = Mutex(thread)
    }

    deinit {
        thread.withLock { if let thread = $0 { _ = pthread_detach(thread) } }
    }

    /// Waits until the thread has ended; stop the handle first. Later calls return at once. Never call it on the
    /// thread itself.
    package func join() {
        let thread = thread.withLock { $0.take() }
        guard let thread else { return }
        _ = pthread_join(thread, nil)
    }
}
