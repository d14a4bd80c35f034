import EventLoop
import Glibc
import Synchronization
import Testing

@Suite("Reactor mailbox")
struct MailboxTests {
    private final class Log: Sendable {
        let entries = Mutex<[[Int]]>(Array(repeating: [], count: 4))
        let received = Atomic<Int>(0)
    }

    private final class Canary: Sendable {
        let destroyed: Atomic<Bool>
        init() { destroyed = Atomic(false) }
    }

    @Test("10,000 jobs from each of 4 threads run in order per sender")
    func order() throws {
        let log = Log()
        let receiver = try Reactor.spawnThread(name: "receiver") { _ in }
        let senders = try (0..<4).map { sender in
            try Reactor.spawnThread(name: "sender \(sender)") { reactor in
                for number in 0..<10_000 {
                    receiver.handle.enqueue { receiving in
                        log.entries.withLock { $0[sender].append(number) }
                        if log.received.add(1, ordering: .relaxed).newValue == 40_000 { receiving.stop() }
                    }
                }
                reactor.stop()
            }
        }
        for sender in senders { sender.join() }
        receiver.join()
        let expected = Array(0..<10_000)
        #expect(log.entries.withLock { $0.allSatisfy { $0 == expected } })
    }

    @Test("jobs posted before stop run, later ones are dropped and freed")
    func stop() throws {
        let reactor = try Reactor()
        let ran = Mutex<[Int]>([])
        reactor.handle.enqueue { _ in ran.withLock { $0.append(1) } }
        reactor.handle.stop()
        weak var watched: Canary?
        do {
            let canary = Canary()
            watched = canary
            reactor.handle.enqueue { _ in
                withExtendedLifetime(canary) { ran.withLock { $0.append(2) } }
            }
        }
        #expect(watched == nil)
        #expect(reactor.runWithDeadline())
        #expect(ran.withLock { $0 } == [1])
        #expect(reactor.handle.isStopped)
        reactor.run()
    }

    @Test("a job posted by a job runs too, and the reactor's own stop lets it")
    func nested() throws {
        let reactor = try Reactor()
        var ran = false
        let counter = Mutex(0)
        reactor.handle.enqueue { reactor in
            counter.withLock { $0 += 1 }
            reactor.handle.enqueue { _ in counter.withLock { $0 += 1 } }
            reactor.stop()
        }
        reactor.afterBatch { _ in ran = true }
        #expect(reactor.runWithDeadline())
        #expect(counter.withLock { $0 } == 2)
        #expect(ran)
    }

    @Test("a handle that outlives its reactor takes jobs and drops them")
    func outliving() throws {
        var reactor: Reactor? = try Reactor()
        let handle = try #require(reactor?.handle)
        reactor = nil
        handle.enqueue { _ in Issue.record("ran without a reactor") }
        #expect(handle.isStopped)
    }

    @Test("join waits for the thread, and may be repeated")
    func join() throws {
        let ended = Log()
        let thread = try Reactor.spawnThread(name: "joined") { reactor in
            reactor.schedule(after: .milliseconds(5)) { reactor in
                ended.received.store(1, ordering: .releasing)
                reactor.stop()
            }
        }
        thread.join()
        #expect(ended.received.load(ordering: .acquiring) == 1)
        thread.join()
    }
}
