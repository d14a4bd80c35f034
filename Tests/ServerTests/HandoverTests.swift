import EventLoop
import Glibc
import Testing

@testable import Server

/// What one program leaves to the next one in its process.
struct HandoverTests {
    @Test func itIsForTheSameProcessOnly() {
        let handover = Handover(listeners: [7, 9], lock: 5, workers: [.init(runID: "r1", pid: 123)])
        let environment = [Handover.variable: handover.text(pid: 42)]
        #expect(Handover(environment: environment, pid: 42) == handover)
        #expect(Handover(environment: environment, pid: 43) == Handover(environment: [:]))
        #expect(Handover(environment: [Handover.variable: "{"], pid: 42) == Handover(environment: [:]))
    }

    @Test func aSocketGoesToTheListenerOfItsAddress() throws {
        let listener = try Sockets.listen(on: .loopback(port: 0))
        let address = try Sockets.localAddress(of: listener)
        // What is no listening socket is left alone.
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let handover = Handover(listeners: [listener.release(), ends[0], 4000], lock: -1, workers: [])
        let environment = [Handover.variable: handover.text(pid: getpid())]
        let inherited = InheritedSockets(environment: [:], handover: Handover(environment: environment))
        #expect(inherited.take(.loopbackV6(port: address.port)) == nil)
        #expect(inherited.take(.loopback(port: 0))?.address == address)
        #expect(inherited.take(address) == nil)
        #expect(fcntl(ends[0], F_GETFD) == 0)
    }

    @Test func aSocketThatNobodyWantsIsClosedAndNamed() throws {
        let listener = try Sockets.listen(on: .loopback(port: 0))
        let address = try Sockets.localAddress(of: listener)
        let raw = listener.release()
        let inherited = InheritedSockets(environment: [:], handover: .init(listeners: [raw], lock: -1, workers: []))
        let sentences = inherited.closeRest()
        #expect(sentences.count == 1)
        #expect(sentences.first?.contains("\(address)") == true)
        #expect(inherited.take(address) == nil)
    }

    @Test(
        arguments: [
            ([:], nil, nil),
            (["NOTIFY_SOCKET": "/run/notify"], "/run/notify", nil),
            (["NOTIFY_SOCKET": "relative"], nil, nil),
            (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3000000"], "@x", .seconds(3)),
            (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "42"], "@x", .seconds(3)),
            (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "43"], "@x", nil),
            (["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "0"], "@x", nil),
        ] as [([String: String], String?, Duration?)])
    func theManagerIsUnderstood(_ environment: [String: String], _ address: String?, _ watchdog: Duration?) {
        let notifier = ServiceNotifier(environment: environment, pid: 42)
        #expect(notifier.address == address)
        #expect(notifier.watchdog == watchdog)
    }

    @Test func aReactorThatDoesNotTurnIsFound() throws {
        let (turning, stuck) = (try Reactor.spawnThread(name: "turning") { _ in }, try Reactor())
        defer {
            turning.handle.stop()
            turning.join()
        }
        let pulse = ReactorPulse(count: 2)
        let start = MonotonicInstant.now()
        pulse.ask([turning.handle, stuck.handle], now: start)
        let deadline = start + .seconds(20)
        while pulse.stuck(for: .zero, now: deadline) != [1], MonotonicInstant.now() < deadline { _ = poll(nil, 0, 1) }
        #expect(pulse.stuck(for: .seconds(5), now: start + .seconds(6)) == [1])
        #expect(pulse.stuck(for: .seconds(5), now: start + .seconds(4)) == [])
        #expect(pulse.lags()[0].last >= 0)
    }
}
