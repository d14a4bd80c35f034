internal import Glibc

/// One thread with a body, until it is joined. Signals are left to the other threads.
@safe struct Thread: Sendable {
    private let identifier: pthread_t

    /// - Returns: `nil` when the system has no thread to give; `errno` is in `error`.
    init?(_ body: @escaping @Sendable () -> Void, error: inout Int32) {
        let context = unsafe Unmanaged.passRetained(Body(body))
        var identifier = pthread_t()
        error = unsafe pthread_create(
            &identifier, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                var all = sigset_t()
                unsafe sigfillset(&all)
                unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                body.run()
                return nil
            }, context.toOpaque())
        guard error == 0 else {
            unsafe context.release()
            return nil
        }
        self.identifier = identifier
    }

    var isCurrent: Bool { pthread_equal(identifier, pthread_self()) != 0 }

    func join() { pthread_join(identifier, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
