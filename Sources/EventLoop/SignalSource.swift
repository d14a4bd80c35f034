internal import CLinux
internal import Glibc

/// Delivers signals as events of a reactor, so that no code runs in signal context.
///
/// The signals have to be blocked in every thread (``blockBeforeThreads()``). Child processes inherit that mask and
/// the ignored SIGPIPE: whoever starts them resets both.
package final class SignalSource: EventHandler {
    package enum Signal: Int32, CaseIterable, Sendable {
        case hangup = 1
        case interrupt = 2
        case user1 = 10
        case terminate = 15
    }

    private let descriptor: FileDescriptor
    private let action: (Signal, Reactor) -> Void
    private var registration: Registration?

    /// Blocks the signals of ``Signal`` for the calling thread and all that it starts, and ignores SIGPIPE, which a
    /// write to a closed socket would otherwise raise. First thing in `main`.
    package static func blockBeforeThreads() {
        var signals = signalSet()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        ignoreBrokenPipes()
    }

    /// Ignores SIGPIPE alone, for programs that keep the default of the other signals.
    package static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Starts delivery on `reactor`, which keeps the source alive. Each signal goes to one source only.
    package init(on reactor: Reactor, _ action: @escaping (Signal, Reactor) -> Void) throws(EventLoopError) {
        var signals = Self.signalSet()
        let raw = unsafe sallyport_signalfd(&signals)
        guard raw >= 0 else { throw .system(call: "signalfd", errno: errno) }
        descriptor = FileDescriptor(owning: raw)
        self.action = action
        registration = try reactor.register(raw, for: .read, handler: self)
    }

    /// Ends delivery. The signals stay blocked.
    package func cancel(in reactor: Reactor) {
        if let registration = registration.take() { reactor.deregister(registration) }
    }

    package func ready(_ events: Readiness, in reactor: Reactor) {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while registration != nil, unsafe read(descriptor.raw, &info, size) == size {
            if let signal = Signal(rawValue: Int32(truncatingIfNeeded: info.ssi_signo)) { action(signal, reactor) }
        }
    }

    private static func signalSet() -> sigset_t {
        var signals = sigset_t()
        _ = unsafe sigemptyset(&signals)
        for signal in Signal.allCases { _ = unsafe sigaddset(&signals, signal.rawValue) }
        return signals
    }
}
