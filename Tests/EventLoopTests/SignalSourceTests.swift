import EventLoop
import Glibc
import Synchronization
import Testing

@Suite("Signals")
struct SignalSourceTests {
    private final class Log: Sendable {
        let signals = Mutex<[SignalSource.Signal]>([])
        let failure = Mutex<EventLoopError?>(nil)
    }

    @Test("blocked signals arrive as events, once each, and not after cancel")
    func delivery() throws {
        let log = Log()
        // The signals are raised for this thread only: others of the test process do not block them.
        let thread = try Reactor.spawnThread(name: "signals") { reactor in
            SignalSource.blockBeforeThreads()
            var source: SignalSource?
            do throws(EventLoopError) {
                source = try SignalSource(on: reactor) { signal, reactor in
                    log.signals.withLock { $0.append(signal) }
                    if signal == .terminate {
                        source?.cancel(in: reactor)
                        raise(SIGHUP)
                        reactor.schedule(after: .milliseconds(2)) { $0.stop() }
                    }
                }
            } catch {
                log.failure.withLock { $0 = error }
                reactor.stop()
            }
            raise(SIGHUP)
            raise(SIGINT)
            raise(SIGTERM)
        }
        thread.join()
        #expect(log.failure.withLock { $0 } == nil)
        #expect(log.signals.withLock { $0 } == [.hangup, .interrupt, .terminate])
    }
}
