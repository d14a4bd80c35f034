package import Config

/// What the gateway is started with.
package struct ServerOptions: Sendable {
    package var configuration: Configuration
    /// Nil when there is no configuration file.
    package var configPath: String?
    package var state: StateDirectory
    package var environment: [String: String]
    package var version: String
    package var echoPath: String?
    /// Nil: one for each processor that we may run on.
    package var reactorCount: Int?
    package var warnings: [String]

    package init(
        configuration: Configuration, configPath: String?, state: StateDirectory, environment: [String: String],
        version: String, echoPath: String? = nil, reactorCount: Int? = nil, warnings: [String] = []
    ) {
        self.configuration = configuration
        self.configPath = configPath
        self.state = state
        self.environment = environment
        self.version = version
        self.echoPath = echoPath
        self.reactorCount = reactorCount
        self.warnings = warnings
    }
}
