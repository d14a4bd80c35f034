/// Which files make up the configuration. Decided from the environment and from what exists, nothing else.
package struct ConfigLocations: Equatable, Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// Neither a state directory nor a home directory is known.
        case noHomeDirectory
    }

    package let stateDirectory: String
    /// The main file; `nil` when there is none.
    package let configFile: String?
    /// Named by flag or environment, so it has to exist.
    package let isExplicit: Bool
    /// An OpenClaw installation's own file: we never write to it.
    package let isReadOnly: Bool
    /// Existing `gateway.json` files, lowest precedence first.
    package let supplements: [String]

    /// Where a configuration is written when there is none yet.
    package var defaultConfigFile: String { Self.join(stateDirectory, "openclaw.json") }

    /// All files in order of precedence, lowest first, as ``ConfigInput`` wants them.
    package var files: [String] { (configFile.map { [$0] } ?? []) + supplements }

    /// - Parameters:
    ///   - stateDirectory: `--state-dir`.
    ///   - configFile: `--config`.
    ///   - exists: Whether there is a file at a path.
    package static func resolve(
        stateDirectory: String? = nil, configFile: String? = nil, environment: [String: String],
        exists: (String) -> Bool
    ) throws(Failure) -> ConfigLocations {
        let home = PathText.home(in: environment)
        func expand(_ path: String) -> String {
            PathText.resolve(PathText.expandingHome(path, home: home), against: "")
        }
        func variable(_ suffix: String) -> String? {
            Variables.Name(suffix).candidates.compactMap { environment[$0] }.first { !$0.isEmpty }
        }

        let state: String
        if let chosen = stateDirectory ?? variable("STATE_DIR") {
            state = expand(chosen)
        } else if let home {
            state = join(home, ".sallyport")
        } else {
            throw .noHomeDirectory
        }

        let explicit = (configFile ?? variable("CONFIG_PATH")).map(expand)
        let own = [join(state, "openclaw.json"), join(state, "sallyport.json")].first(where: exists)
        let upstream = home.map { join($0, ".openclaw/openclaw.json") }.flatMap { exists($0) ? $0 : nil }
        let config = explicit ?? own ?? upstream

        var supplements: [String] = []
        let beside = config.map { join(PathText.directory(of: $0), "gateway.json") }
        let inHome = home.map { join($0, ".config/openclaw/gateway.json") }
        for path in [inHome, join(state, "gateway.json"), beside].compactMap({ $0 }) where path != config {
            // The last mention counts: the file beside the chosen one has the highest precedence.
            supplements.removeAll { $0 == path }
            if exists(path) { supplements.append(path) }
        }
        return ConfigLocations(
            stateDirectory: state, configFile: config, isExplicit: explicit != nil,
            isReadOnly: explicit == nil && own == nil && upstream != nil,
            supplements: supplements)
    }

    private static func join(_ directory: String, _ path: String) -> String {
        PathText.resolve(path, against: directory)
    }
}
