package import Client

/// What a pool worker is told when it is started.
package struct PoolSettings: Sendable {
    package var pool: String
    /// How many runs at a time.
    package var capacity: Int
    /// For lists; the host's name, if nothing else is said.
    package var name: String
    package var version: String
    /// How to reach the gateway, and as whom.
    package var options: ConnectOptions
    package var stateDirectory: String
    /// How long runs get to end after a polite signal.
    package var drainTime: Duration
    /// Whose variables commands may see.
    package var environment: [String: String]
    /// Keeps the device token that the gateway issued.
    package var keepToken: @Sendable (_ token: String, _ scopes: [String]) -> Void

    package init(
        pool: String, capacity: Int, name: String, version: String, options: ConnectOptions, stateDirectory: String,
        drainTime: Duration, environment: [String: String],
        keepToken: @escaping @Sendable (_ token: String, _ scopes: [String]) -> Void
    ) {
        self.pool = pool
        self.capacity = capacity
        self.name = name
        self.version = version
        self.options = options
        self.stateDirectory = stateDirectory
        self.drainTime = drainTime
        self.environment = environment
        self.keepToken = keepToken
    }

    var childrenDirectory: String { stateDirectory + "/run/children" }
    /// Where workers say which process they are.
    var marksDirectory: String { stateDirectory + "/run/workers" }
}
