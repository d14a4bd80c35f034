import Testing

@testable import Agents

@Suite("Life of a command, as decisions")
struct ExecLifecycleTests {
    typealias Facts = ExecLifecycle.Facts
    let start = ContinuousClock.now
    let exited = Facts(hasExited: true)
    let exitedAndClosed = Facts(hasExited: true, outputsEnded: true, outputsDrained: true)

    func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    @Test("an ordinary end kills what is left of the group, sweeps and finishes")
    func ordinaryEnd() {
        var life = ExecLifecycle()
        #expect(life.next(Facts(), now: at(0)) == nil)
        #expect(life.next(exitedAndClosed, now: at(10)) == .killGroup)
        #expect(life.next(exitedAndClosed, now: at(10)) == .sweep)
        life.swept(remaining: 0, now: at(10))
        #expect(life.next(exitedAndClosed, now: at(10)) == .finish)
        #expect(life.next(exitedAndClosed, now: at(10)) == nil)
        #expect(life.hasEnded)
    }

    @Test("pipes held after the exit get 200 ms, not less")
    func heldPipes() {
        var life = ExecLifecycle()
        #expect(life.next(exited, now: at(100)) == nil)
        #expect(life.deadline == at(300))
        #expect(life.next(exited, now: at(299)) == nil)
        #expect(life.next(exited, now: at(300)) == .killGroup)
    }

    @Test("cancelling asks first and kills after the grace")
    func cancel() {
        var life = ExecLifecycle()
        life.cancel(grace: .seconds(5), now: at(0))
        #expect(life.next(Facts(), now: at(0)) == .terminateGroup)
        #expect(life.next(Facts(), now: at(0)) == nil)
        #expect(life.deadline == at(5000))
        life.cancel(grace: .seconds(1), now: at(100))
        life.cancel(grace: .seconds(60), now: at(200))
        #expect(life.next(Facts(), now: at(1099)) == nil)
        #expect(life.next(Facts(), now: at(1100)) == .killGroup)
        #expect(life.next(Facts(), now: at(9999)) == nil)
        #expect(life.next(exitedAndClosed, now: at(9999)) == .killGroup)
    }

    @Test("cancelling a command that exited ends the wait for its pipes")
    func cancelWhileDraining() {
        var life = ExecLifecycle()
        #expect(life.next(exited, now: at(0)) == nil)
        life.cancel(grace: .seconds(5), now: at(20))
        #expect(life.next(exited, now: at(20)) == .killGroup)
    }

    @Test("sweeping is repeated while something remains, for at most 2 s")
    func sweeping() {
        var life = ExecLifecycle()
        #expect(life.next(exitedAndClosed, now: at(0)) == .killGroup)
        #expect(life.next(exitedAndClosed, now: at(0)) == .sweep)
        life.swept(remaining: 1, now: at(0))
        #expect(life.next(exitedAndClosed, now: at(4)) == nil)
        #expect(life.next(exitedAndClosed, now: at(5)) == .sweep)
        life.swept(remaining: 1, now: at(2000))
        #expect(life.next(exitedAndClosed, now: at(2000)) == .finish)
    }

    @Test("the end waits until the pipes have been emptied")
    func flushing() {
        var life = ExecLifecycle()
        #expect(life.next(exited, now: at(0)) == nil)
        #expect(life.next(exited, now: at(200)) == .killGroup)
        #expect(life.next(exited, now: at(200)) == .sweep)
        life.swept(remaining: 0, now: at(200))
        #expect(life.next(exited, now: at(60_000)) == nil)
        #expect(life.next(exitedAndClosed, now: at(60_000)) == .finish)
    }
}
