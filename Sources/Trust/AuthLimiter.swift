/// Locks out clients that guess credentials (wire protocol, section 4.5).
///
/// What counts is *distinct* wrong credentials: a client that keeps sending the same stale one has guessed once, and one
/// that sends none has not guessed at all. A client is an attributed address, never that of a proxy.
package struct AuthLimiter: Sendable {
    package struct Settings: Equatable, Sendable {
        /// Wrong credentials within the window that begin a lockout.
        package var maxAttempts: Int
        package var windowMs: Int64
        package var lockoutMs: Int64
        /// Direct loopback connections are never counted, but for browsers.
        package var exemptsLoopback: Bool

        package init(
            maxAttempts: Int = 10, windowMs: Int64 = 60_000, lockoutMs: Int64 = 300_000, exemptsLoopback: Bool = true
        ) {
            self.maxAttempts = maxAttempts
            self.windowMs = windowMs
            self.lockoutMs = lockoutMs
            self.exemptsLoopback = exemptsLoopback
        }
    }

    package struct Lockout: Equatable, Sendable {
        package let client: String
        package let untilMs: Int64
    }

    private struct Client {
        /// By digest, with the time of the first attempt.
        var guesses: [[UInt8]: Int64] = [:]
        var lockedUntilMs: Int64?
    }

    /// Beyond this many clients the one that was quiet for longest is forgotten: of those that are locked out while they
    /// are more than half, else of the others. So neither takes away the places of the other.
    package static let maxClients = 4_096

    package var settings: Settings
    private var clients: [String: Client] = [:]
    private var counted = RecencyQueue()
    private var locked = RecencyQueue()

    package init(settings: Settings = Settings()) {
        self.settings = settings
    }

    /// Under which name a connection's wrong credentials are counted; nil: not at all.
    package func client(of facts: TransportFacts) -> String? {
        guard !facts.isOwnerSocket else { return nil }
        // Whoever hides behind a proxy shares a name with all who do. Those whom the proxy names are not touched.
        guard let network = facts.clientNetwork else { return "unattributed via \(facts.peer)" }
        guard Self.isLoopback(network) else { return network }
        guard facts.isDirectLocal else { return "unattributed via \(network)" }
        if let origin = facts.origin { return "browser-origin:\(origin.lowercased())" }
        return settings.exemptsLoopback ? nil : network
    }

    private static func isLoopback(_ network: String) -> Bool {
        network.hasPrefix("127.") || network.hasPrefix("::1")
    }

    /// When the lockout of a client ends; nil when there is none.
    package func lockedUntilMs(_ client: String, nowMs: Int64) -> Int64? {
        guard let until = clients[client]?.lockedUntilMs, nowMs < until else { return nil }
        return until
    }

    /// Notes wrong credentials.
    /// - Parameter digests: of each credential that the client offered.
    /// - Returns: when the lockout ends that begins now.
    package mutating func failed(_ client: String, digests: [[UInt8]], nowMs: Int64) -> Int64? {
        guard settings.lockoutMs > 0 else { return nil }
        var entry = clients[client] ?? Client()
        if let until = entry.lockedUntilMs, nowMs >= until { entry = Client() }
        guard entry.lockedUntilMs == nil else {
            locked.use(client)
            return nil
        }
        entry.guesses = entry.guesses.filter { nowMs - $0.value < settings.windowMs }
        for digest in digests where entry.guesses[digest] == nil { entry.guesses[digest] = nowMs }
        var begun: Int64?
        if entry.guesses.count >= settings.maxAttempts {
            begun = nowMs + settings.lockoutMs
            entry.lockedUntilMs = begun
            entry.guesses = [:]
        }
        forget(client)
        makeRoom()
        clients[client] = entry
        if begun == nil { counted.use(client) } else { locked.use(client) }
        return begun
    }

    /// Somebody came during its own lockout: it is not to be forgotten for those who only want its place.
    package mutating func knocked(_ client: String, nowMs: Int64) {
        if lockedUntilMs(client, nowMs: nowMs) != nil { locked.use(client) }
    }

    private mutating func makeRoom() {
        guard clients.count >= Self.maxClients else { return }
        let oldest = locked.count > Self.maxClients / 2 ? locked.popOldest() : counted.popOldest()
        if let oldest { clients[oldest] = nil }
    }

    private mutating func forget(_ client: String) {
        guard clients.removeValue(forKey: client) != nil else { return }
        counted.remove(client)
        locked.remove(client)
    }

    /// A right credential clears what was counted.
    package mutating func succeeded(_ client: String) {
        forget(client)
    }

    package func lockouts(nowMs: Int64) -> [Lockout] {
        clients.compactMap { name, entry in
            entry.lockedUntilMs.flatMap { nowMs < $0 ? Lockout(client: name, untilMs: $0) : nil }
        }.sorted { $0.client < $1.client }
    }

    /// - Parameter client: nil: everybody.
    /// - Returns: those whose lockout has ended by this.
    package mutating func unlock(_ client: String?, nowMs: Int64) -> [Lockout] {
        let ended = lockouts(nowMs: nowMs).filter { client == nil || $0.client == client }
        if let client { forget(client) } else { self = AuthLimiter(settings: settings) }
        return ended
    }
}
