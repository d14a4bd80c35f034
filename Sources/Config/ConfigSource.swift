package import JSON

/// Where a configuration is read from, each time anew: which files there are may have changed.
package struct ConfigSource: Sendable {
    /// `--state-dir`
    package var stateDirectory: String?
    /// `--config`
    package var configFile: String?
    package var environment: [String: String]
    /// By setting path.
    package var flags: [String: String]
    /// Whether variables such as `OPENCLAW_GATEWAY_PORT` stand over the files.
    package var settingVariables = true

    package init(
        stateDirectory: String? = nil, configFile: String? = nil, environment: [String: String],
        flags: [String: String] = [:]
    ) {
        self.stateDirectory = stateDirectory
        self.configFile = configFile
        self.environment = environment
        self.flags = flags
    }

    /// What was read, and what came of it.
    package struct Reading: Sendable {
        package let locations: ConfigLocations
        /// The main file; nil when there is none.
        package let main: ConfigInput.File?
        package let result: ConfigResult
        /// Everything that was looked for: configuration, included files, files of secrets.
        package let paths: Set<String>

        /// All files as one, as they are written; secrets are in it.
        package var merged: JSON { result.document }
    }

    package func locate() throws(ConfigLocations.Failure) -> ConfigLocations {
        try ConfigLocations.resolve(
            stateDirectory: stateDirectory, configFile: configFile, environment: environment,
            exists: ConfigFiles.exists)
    }

    /// - Parameter replacement: read in place of the main file, to try it out.
    package func read(replacing replacement: [UInt8]? = nil) throws(ConfigLocations.Failure) -> Reading {
        let locations = try locate()
        var loader = ConfigFiles.Loader(
            environment: environment, flags: flags, readsSettingVariables: settingVariables)
        return loader.read(locations, replacing: replacement)
    }
}
