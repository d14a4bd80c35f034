import EventLoop
import Testing

@Suite("Reactor timers")
struct ReactorTimerTests {
    private final class Canary {}

    @Test("timers fire in order, never early, and may be armed by a timer")
    func order() throws {
        let reactor = try Reactor()
        var fired: [Int] = []
        let start = reactor.now
        reactor.schedule(after: .milliseconds(20)) { reactor in
            fired.append(2)
            #expect(reactor.now - start >= .milliseconds(20))
            reactor.schedule(after: .milliseconds(5)) { reactor in
                fired.append(3)
                reactor.stop()
            }
        }
        reactor.schedule(at: start + .milliseconds(10)) { reactor in
            fired.append(1)
            #expect(reactor.now - start >= .milliseconds(10))
        }
        #expect(reactor.runWithDeadline())
        #expect(fired == [1, 2, 3])
    }

    @Test("a cancelled timer does not fire and frees what it captured at once")
    func cancellation() throws {
        let reactor = try Reactor()
        var canary: Canary? = Canary()
        weak let watched = canary
        let token = reactor.schedule(after: .milliseconds(1)) { [canary] _ in
            Issue.record("a cancelled timer fired")
            withExtendedLifetime(canary) {}
        }
        canary = nil
        #expect(watched != nil)
        reactor.cancel(token)
        #expect(watched == nil)
        reactor.cancel(token)
        reactor.schedule(after: .milliseconds(5)) { $0.stop() }
        #expect(reactor.runWithDeadline())
    }

    @Test("a timer may cancel one that is due in the same turn")
    func cancelSibling() throws {
        let reactor = try Reactor()
        var sibling: TimerToken?
        reactor.schedule(after: .zero) { reactor in
            if let sibling { reactor.cancel(sibling) }
            reactor.schedule(after: .zero) { $0.stop() }
        }
        sibling = reactor.schedule(after: .zero) { _ in Issue.record("the cancelled sibling fired") }
        #expect(reactor.runWithDeadline())
    }

    @Test("a timer that re-arms itself without delay does not keep events waiting")
    func noStarvation() throws {
        let reactor = try Reactor()
        var turns = 0
        func again(_ reactor: Reactor) {
            turns += 1
            reactor.schedule(after: .zero, again)
        }
        again(reactor)
        let pair = try SocketPair()
        let bytes: [UInt8] = [1]
        _ = Sockets.send(pair.right, bytes.span)
        _ = try reactor.register(pair.left.raw, for: .read, handler: ClosureHandler { $1.stop() })
        #expect(reactor.runWithDeadline())
        #expect(turns >= 1)
    }
}
