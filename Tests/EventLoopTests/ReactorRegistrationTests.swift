import EventLoop
import Glibc
import Testing

@Suite("Reactor registrations")
struct ReactorRegistrationTests {
    @Test("a stale event for a closed and reused descriptor is not delivered")
    func descriptorReuse() throws {
        // High numbers, because tests in other threads take the lowest free ones.
        let base = Int32(clamping: min(DescriptorLimit.raiseToMaximum(), 1 << 20) - 20)
        let reactor = try Reactor()
        let pairs = [try SocketPair(), try SocketPair()]
        let silent = try SocketPair()
        let watched = pairs.map { fcntl($0.left.raw, F_DUPFD_CLOEXEC, base) }
        var registrations: [Registration] = []
        var delivered = 0
        for index in 0..<2 {
            let handler = ClosureHandler { _, reactor in
                delivered += 1
                let other = 1 - index
                let former = watched[other]
                reactor.deregister(registrations[other])
                close(former)
                #expect(fcntl(silent.left.raw, F_DUPFD_CLOEXEC, former) == former)
                do throws(EventLoopError) {
                    let tenant = ClosureHandler { _, _ in Issue.record("the new tenant got a stale event") }
                    let again = try reactor.register(former, for: .read, handler: tenant)
                    #expect(again != registrations[other])
                } catch {
                    Issue.record(error)
                }
                reactor.deregister(registrations[index])
                reactor.schedule(after: .milliseconds(2)) { $0.stop() }
            }
            registrations.append(try reactor.register(watched[index], for: .read, handler: handler))
        }
        let bytes: [UInt8] = [1]
        for pair in pairs { #expect(Sockets.send(pair.right, bytes.span) == .bytes(1)) }
        #expect(reactor.runWithDeadline())
        #expect(delivered == 1)
        for descriptor in watched { close(descriptor) }
    }

    @Test("a handler may deregister itself and everyone else in the same batch")
    func deregisterAll() throws {
        let reactor = try Reactor()
        let pairs = try (0..<10).map { _ in try SocketPair() }
        var registrations: [Registration] = []
        var delivered = 0
        let bytes: [UInt8] = [1]
        for pair in pairs {
            let handler = ClosureHandler { _, reactor in
                delivered += 1
                for registration in registrations { reactor.deregister(registration) }
                reactor.schedule(after: .milliseconds(2)) { $0.stop() }
            }
            registrations.append(try reactor.register(pair.left.raw, for: .read, handler: handler))
            #expect(Sockets.send(pair.right, bytes.span) == .bytes(1))
        }
        #expect(reactor.runWithDeadline())
        #expect(delivered == 1)
        #expect(reactor.registrationCount == 0)
    }

    @Test("modify switches between reading, writing and silence")
    func modify() throws {
        let reactor = try Reactor()
        let pair = try SocketPair()
        var seen: [Readiness] = []
        var registration: Registration?
        let handler = ClosureHandler { events, reactor in
            seen.append(events)
            guard let registration else { return }
            if seen.count == 1 {
                reactor.modify(registration, .read)
                let bytes: [UInt8] = [7]
                _ = Sockets.send(pair.right, bytes.span)
            } else {
                reactor.modify(registration, [])
                reactor.schedule(after: .milliseconds(2)) { $0.stop() }
            }
        }
        registration = try reactor.register(pair.left.raw, for: .write, handler: handler)
        #expect(reactor.runWithDeadline())
        #expect(seen == [.writable, .readable])
    }

    @Test("the end of a peer is a hang-up")
    func hangup() throws {
        let reactor = try Reactor()
        var pair: SocketPair? = try SocketPair()
        guard let left = try pair?.left.duplicate() else { return }
        var seen: Readiness = []
        let handler = ClosureHandler { events, reactor in
            seen = events
            reactor.stop()
        }
        _ = try reactor.register(left.raw, for: [.read, .peerShutdown], handler: handler)
        pair = nil
        #expect(reactor.runWithDeadline())
        #expect(seen.contains(.hangup))
    }

    @Test("a stale registration can be modified and deregistered without effect")
    func staleRegistration() throws {
        let reactor = try Reactor()
        let pair = try SocketPair()
        let handler = ClosureHandler { _, _ in }
        let first = try reactor.register(pair.left.raw, for: .read, handler: handler)
        reactor.deregister(first)
        let second = try reactor.register(pair.left.raw, for: .read, handler: handler)
        reactor.modify(first, .write)
        reactor.deregister(first)
        #expect(first != second)
        #expect(reactor.registrationCount == 1)
    }

    @Test("registering twice or a closed descriptor fails and leaves no slot behind")
    func failure() throws {
        let reactor = try Reactor()
        let pair = try SocketPair()
        let handler = ClosureHandler { _, _ in }
        _ = try reactor.register(pair.left.raw, for: .read, handler: handler)
        #expect(throws: EventLoopError.system(call: "epoll_ctl", errno: 17)) {
            _ = try reactor.register(pair.left.raw, for: .read, handler: handler)
        }
        #expect(throws: EventLoopError.system(call: "epoll_ctl", errno: 9)) {
            _ = try reactor.register(-1, for: .read, handler: handler)
        }
        #expect(reactor.registrationCount == 1)
    }

    @Test("the end of run frees handlers that hold their reactor")
    func noCycle() throws {
        weak var watched: Reactor?
        do {
            let reactor = try Reactor()
            watched = reactor
            let pair = try SocketPair()
            _ = try reactor.register(
                pair.left.raw, for: .read, handler: ClosureHandler { _, _ in withExtendedLifetime(reactor) {} })
            reactor.schedule(after: .seconds(100)) { _ in withExtendedLifetime(reactor) {} }
            reactor.stop()
            reactor.run()
        }
        #expect(watched == nil)
    }

    @Test("5,000 socket pairs are all heard")
    func manyPairs() throws {
        let limit = DescriptorLimit.raiseToMaximum()
        let count = min(5_000, (limit - 500) / 2)
        let reactor = try Reactor()
        let pairs = try (0..<count).map { _ in try SocketPair() }
        var heard = 0
        for pair in pairs {
            let handler = ClosureHandler { events, reactor in
                var buffer = [UInt8](repeating: 0, count: 4)
                var span = buffer.mutableSpan
                #expect(events == .readable)
                #expect(Sockets.receive(pair.left, into: &span) == .bytes(1))
                heard += 1
                if heard == count { reactor.stop() }
            }
            _ = try reactor.register(pair.left.raw, for: .read, handler: handler)
        }
        let bytes: [UInt8] = [1]
        for pair in pairs { _ = Sockets.send(pair.right, bytes.span) }
        #expect(reactor.runWithDeadline())
        #expect(heard == count)
    }

    @Test("observers and actions of a batch run once, after all of its events")
    func afterBatch() throws {
        final class Observer: BatchObserver {
            var ended = 0
            func batchEnded(in reactor: Reactor) { ended += 1 }
        }
        let reactor = try Reactor()
        let observer = Observer()
        let pairs = try (0..<3).map { _ in try SocketPair() }
        var log: [String] = []
        let bytes: [UInt8] = [1]
        for pair in pairs {
            let handler = ClosureHandler { _, reactor in
                var buffer = [UInt8](repeating: 0, count: 4)
                var span = buffer.mutableSpan
                _ = Sockets.receive(pair.left, into: &span)
                log.append("event")
                guard log.count == 1 else { return }
                reactor.afterBatch(observer)
                reactor.afterBatch { reactor in
                    log.append("after")
                    #expect(observer.ended == 1)
                    reactor.afterBatch { reactor in
                        log.append("next turn")
                        reactor.stop()
                    }
                }
            }
            _ = try reactor.register(pair.left.raw, for: .read, handler: handler)
            _ = Sockets.send(pair.right, bytes.span)
        }
        #expect(reactor.runWithDeadline())
        #expect(log == ["event", "event", "event", "after", "next turn"])
        #expect(observer.ended == 1)
    }
}
