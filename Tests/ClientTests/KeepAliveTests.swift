import EventLoop
import Testing

@testable import Client

@Suite("Client keep-alive")
struct KeepAliveTests {
    private let start = MonotonicInstant(nanoseconds: 0)

    @Test("an idle gateway is pinged after the interval, then given up on")
    func silence() {
        var life = KeepAlive(interval: .seconds(25), timeout: .seconds(10), now: start)
        #expect(life.deadline == start + .seconds(25))
        #expect(life.timerFired(now: start + .seconds(24)) == nil)
        #expect(life.timerFired(now: start + .seconds(25)) == .ping)
        #expect(life.timerFired(now: start + .seconds(34)) == nil)
        #expect(life.timerFired(now: start + .seconds(35)) == .giveUp)
        #expect(life.timerFired(now: start + .seconds(99)) == nil)
        #expect(life.deadline == .distantFuture)
    }

    @Test("whatever arrives counts as life")
    func received() {
        var life = KeepAlive(interval: .seconds(25), timeout: .seconds(10), now: start)
        life.received(now: start + .seconds(20))
        #expect(life.timerFired(now: start + .seconds(44)) == nil)
        #expect(life.timerFired(now: start + .seconds(45)) == .ping)
        life.received(now: start + .seconds(50))
        #expect(life.timerFired(now: start + .seconds(60)) == nil)
        #expect(life.deadline == start + .seconds(75))
    }

    @Test("the dead stay dead")
    func dead() {
        var life = KeepAlive(interval: .seconds(1), timeout: .seconds(1), now: start)
        #expect(life.timerFired(now: start + .seconds(1)) == .ping)
        #expect(life.timerFired(now: start + .seconds(2)) == .giveUp)
        life.received(now: start + .seconds(3))
        #expect(life.timerFired(now: start + .seconds(9)) == nil)
    }
}
