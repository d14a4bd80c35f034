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
    /// For the workers of its runs, which read them themselves.
    package var authoritiesPath: String?
    package var clientCertificatePath: String?
    package var clientKeyPath: String?
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
    /// What isolated commands must not reach.
    var hidden: [String] { [stateDirectory] + [clientKeyPath ?? clientCertificatePath].compactMap(\.self) }
    /// What the engine of containers needs besides what commands may see.
    private static let engineVariables = ["XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST"]
    var workerEnvironment: [String: String] {
        let engine = environment.filter { Self.engineVariables.contains($0.key) }
        return ChildEnvironment.inheritable(environment).merging(engine) { own, _ in own }
    }

    /// Where workers say which process they are.
    var marksDirectory: String { stateDirectory + "/run/workers" }
}
