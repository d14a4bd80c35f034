import Crypto
import Testing
import Trust
import Wire

@Suite("Lockouts, wire protocol 4.5")
struct AuthLimiterTests {
    static let settings = AuthLimiter.Settings(maxAttempts: 3, windowMs: 1_000, lockoutMs: 5_000)

    private func digests(_ words: String...) -> [[UInt8]] { words.map { SHA256.digest(Array($0.utf8)) } }

    @Test("different wrong credentials count, the same one counts once, none counts nothing")
    func distinct() {
        var limiter = AuthLimiter(settings: Self.settings)
        for _ in 0..<100 { #expect(limiter.failed("10.0.0.9", digests: digests("stale"), nowMs: 0) == nil) }
        #expect(limiter.failed("10.0.0.9", digests: [], nowMs: 1) == nil)
        #expect(limiter.failed("10.0.0.9", digests: digests("b"), nowMs: 2) == nil)
        #expect(limiter.lockedUntilMs("10.0.0.9", nowMs: 2) == nil)
        #expect(limiter.failed("10.0.0.9", digests: digests("c"), nowMs: 3) == 5_003)
        #expect(limiter.lockouts(nowMs: 3).map(\.client) == ["10.0.0.9"])
    }

    @Test("several in one attempt are as many guesses")
    func several() {
        var limiter = AuthLimiter(settings: Self.settings)
        #expect(limiter.failed("c", digests: digests("a", "b", "c"), nowMs: 0) == 5_000)
    }

    @Test("guesses are forgotten after the window, to the millisecond", arguments: [(999, true), (1_000, false)])
    func window(_ atMs: Int64, _ isLocked: Bool) {
        var limiter = AuthLimiter(settings: Self.settings)
        _ = limiter.failed("c", digests: digests("a", "b"), nowMs: 0)
        #expect((limiter.failed("c", digests: digests("c"), nowMs: atMs) != nil) == isLocked)
    }

    @Test("the same wrong credential again does not make the guess younger")
    func repeated() {
        var limiter = AuthLimiter(settings: Self.settings)
        for atMs: Int64 in [0, 500, 999] { _ = limiter.failed("c", digests: digests("a"), nowMs: atMs) }
        #expect(limiter.failed("c", digests: digests("b", "c"), nowMs: 1_000) == nil)
    }

    @Test("a lockout ends at its time, by success, and by the owner; others are not touched")
    func ends() {
        var limiter = AuthLimiter(settings: Self.settings)
        for client in ["a", "b", "c"] { _ = limiter.failed(client, digests: digests("1", "2", "3"), nowMs: 0) }
        #expect(limiter.lockedUntilMs("a", nowMs: 4_999) == 5_000)
        #expect(limiter.lockedUntilMs("a", nowMs: 5_000) == nil)
        limiter.succeeded("b")
        #expect(limiter.lockouts(nowMs: 1).map(\.client) == ["a", "c"])
        #expect(limiter.unlock("a", nowMs: 1).map(\.client) == ["a"])
        #expect(limiter.unlock("nobody", nowMs: 1).isEmpty)
        #expect(limiter.unlock(nil, nowMs: 1).map(\.client) == ["c"])
        #expect(limiter.lockouts(nowMs: 1).isEmpty)
    }

    @Test("after a lockout counting begins anew")
    func anew() {
        var limiter = AuthLimiter(settings: Self.settings)
        _ = limiter.failed("c", digests: digests("1", "2", "3"), nowMs: 0)
        #expect(limiter.failed("c", digests: digests("4"), nowMs: 10) == nil, "during the lockout nothing is judged")
        #expect(limiter.failed("c", digests: digests("5", "6"), nowMs: 5_000) == nil)
        #expect(limiter.failed("c", digests: digests("7"), nowMs: 5_001) == 10_001)
    }

    @Test("memory is bounded, and whoever was quiet for longest is forgotten; who is locked out stays")
    func bound() {
        var limiter = AuthLimiter(settings: Self.settings)
        _ = limiter.failed("locked", digests: digests("1", "2", "3"), nowMs: 0)
        for number in 0..<AuthLimiter.maxClients {
            _ = limiter.failed("client \(number)", digests: digests("1"), nowMs: Int64(number) / 100 + 1)
        }
        #expect(limiter.lockedUntilMs("locked", nowMs: 50) != nil, "nobody's place is worth a lockout")
        #expect(limiter.failed("client 1", digests: digests("2", "3"), nowMs: 60) != nil, "this one was kept")
        #expect(limiter.failed("client 0", digests: digests("2", "3"), nowMs: 60) == nil, "this one was forgotten")
    }

    @Test("when all places are locked out, whoever knocks keeps its place before those who are quiet")
    func lockedOut() {
        var limiter = AuthLimiter(settings: Self.settings)
        for number in 0..<AuthLimiter.maxClients {
            _ = limiter.failed("client \(number)", digests: digests("1", "2", "3"), nowMs: 0)
        }
        limiter.knocked("client 0", nowMs: 1)
        limiter.knocked("a stranger", nowMs: 1)
        _ = limiter.failed("newcomer", digests: digests("1"), nowMs: 2)
        #expect(limiter.lockedUntilMs("client 0", nowMs: 2) != nil)
        #expect(limiter.lockedUntilMs("client 1", nowMs: 2) == nil)
        #expect(limiter.lockedUntilMs("client 2", nowMs: 2) != nil)
    }

    @Test("a table full of lockouts still counts the guesses of others")
    func countsGoOn() {
        var limiter = AuthLimiter(settings: Self.settings)
        for number in 0..<AuthLimiter.maxClients {
            _ = limiter.failed("client \(number)", digests: digests("1", "2", "3"), nowMs: 0)
        }
        for guess in ["1", "2"] {
            for client in ["x", "y"] { #expect(limiter.failed(client, digests: digests(guess), nowMs: 1) == nil) }
        }
        for client in ["x", "y"] { #expect(limiter.failed(client, digests: digests("3"), nowMs: 1) != nil) }
    }

    @Test("a full table costs a newcomer no more than an empty one")
    func cost() {
        func time(_ body: () -> Void) -> Duration { ContinuousClock().measure(body) }
        var limiter = AuthLimiter(settings: Self.settings)
        let guess = digests("1")
        let newcomers = 2_000
        let first = time {
            for number in 0..<newcomers { _ = limiter.failed("early \(number)", digests: guess, nowMs: 0) }
        }
        for number in 0..<AuthLimiter.maxClients { _ = limiter.failed("\(number)", digests: guess, nowMs: 1) }
        let last = time {
            for number in 0..<newcomers { _ = limiter.failed("late \(number)", digests: guess, nowMs: 2) }
        }
        // One look through the table for each would be some hundred times as much.
        #expect(last < first * 20 + .milliseconds(50), "\(first) before, \(last) after")
    }

    struct Position: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let facts: TransportFacts
        let client: String?
        var exempts = true
    }

    static let positions = [
        Position(
            testDescription: "a remote",
            facts: TransportFacts(isDirectLocal: false, peer: "10.0.0.9", clientAddress: "10.0.0.9"),
            client: "10.0.0.9"),
        Position(
            testDescription: "a network of IPv6",
            facts: TransportFacts(
                isDirectLocal: false, peer: "2001:db8::1", clientAddress: "2001:db8::1", clientNetwork: "2001:db8::/64"),
            client: "2001:db8::/64"),
        Position(
            testDescription: "behind a proxy that names it",
            facts: TransportFacts(
                isDirectLocal: false, hasForwardingHeaders: true, peerIsTrustedProxy: true, peer: "10.0.0.1",
                clientAddress: "203.0.113.9"), client: "203.0.113.9"),
        Position(
            testDescription: "behind a proxy that names nobody: with all who hide there, never the proxy's clients",
            facts: TransportFacts(isDirectLocal: false, peerIsTrustedProxy: true, peer: "10.0.0.1"),
            client: "unattributed via 10.0.0.1"),
        Position(
            testDescription: "behind something on this host that nobody named",
            facts: TransportFacts(
                isDirectLocal: false, hasForwardingHeaders: true, peer: "127.0.0.1", clientAddress: "127.0.0.1"),
            client: "unattributed via 127.0.0.1"),
        Position(
            testDescription: "loopback",
            facts: TransportFacts(isDirectLocal: true, peer: "127.0.0.1", clientAddress: "127.0.0.1"),
            client: nil),
        Position(
            testDescription: "loopback, not exempt",
            facts: TransportFacts(isDirectLocal: true, peer: "127.0.0.1", clientAddress: "127.0.0.1"),
            client: "127.0.0.1",
            exempts: false),
        Position(
            testDescription: "a browser on loopback is never exempt",
            facts: TransportFacts(
                isDirectLocal: true, peer: "::1", clientAddress: "::1", origin: "HTTP://LocalHost:18789"),
            client: "browser-origin:http://localhost:18789"),
        Position(
            testDescription: "the owner's socket",
            facts: TransportFacts(isDirectLocal: true, isOwnerSocket: true, peer: "owner", clientAddress: "127.0.0.1"),
            client: nil, exempts: false),
    ]

    @Test("who is counted under which name", arguments: positions)
    func clients(_ position: Position) {
        let limiter = AuthLimiter(settings: AuthLimiter.Settings(exemptsLoopback: position.exempts))
        #expect(limiter.client(of: position.facts) == position.client)
    }
}
