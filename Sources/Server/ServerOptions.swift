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
    /// What the program was started with, for a restart in place; nil: there is none.
    package var arguments: [String]?
    /// Why the configuration that is there now cannot be used; nil: it can.
    package var checkConfiguration: (@Sendable () -> String?)?
    /// Where the configuration is read from again; nil: it is what it is.
    package var configSource: ConfigSource?

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
