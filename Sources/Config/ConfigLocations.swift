/// Which files make up the configuration. Decided from the environment and from what exists, nothing else.
package struct ConfigLocations: Equatable, Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// Neither a state directory nor a home directory is known.
        case noHomeDirectory
        /// A profile's name is part of a directory's name.
        case profile(String)
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
    /// Every file that would count if it were there.
    package let candidates: [String]

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

        var suffix = ""
        if let profile = variable("PROFILE"), profile != "default" {
            guard isProfileName(profile) else { throw .profile(profile) }
            suffix = "-" + profile
        }
        let state: String
        if let chosen = stateDirectory ?? variable("STATE_DIR") {
            state = expand(chosen)
        } else if let home {
            state = join(home, ".sallyport\(suffix)")
        } else {
            throw .noHomeDirectory
        }

        let explicit = (configFile ?? variable("CONFIG_PATH")).map(expand)
        let own = [join(state, "openclaw.json"), join(state, "sallyport.json")].first(where: exists)
        let upstream = home.map { join($0, ".openclaw\(suffix)/openclaw.json") }.flatMap { exists($0) ? $0 : nil }
        let config = explicit ?? own ?? upstream

        var supplements: [String] = []
        var candidates = explicit.map { [$0] } ?? [join(state, "openclaw.json"), join(state, "sallyport.json")]
        if explicit == nil, let home { candidates.append(join(home, ".openclaw\(suffix)/openclaw.json")) }
        let beside = config.map { join(PathText.directory(of: $0), "gateway.json") }
        let inHome = home.map { join($0, ".config/openclaw/gateway.json") }
        for path in [inHome, join(state, "gateway.json"), beside].compactMap({ $0 }) where path != config {
            // The last mention counts: the file beside the chosen one has the highest precedence.
            supplements.removeAll { $0 == path }
            if exists(path) { supplements.append(path) }
            candidates.append(path)
        }
        return ConfigLocations(
            stateDirectory: state, configFile: config, isExplicit: explicit != nil,
            isReadOnly: explicit == nil && own == nil && upstream != nil,
            supplements: supplements, candidates: candidates)
    }

    private static func isProfileName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func join(_ directory: String, _ path: String) -> String {
        PathText.resolve(path, against: directory)
    }
}

extension ConfigLocations.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noHomeDirectory: "no home directory is known"
        case .profile(let name): "\"\(name)\" is no name of a profile: letters, digits, - and _, 64 at most"
        }
    }

    package var remedy: String {
        switch self {
        case .noHomeDirectory: "pass --state-dir, or set HOME"
        case .profile: "pass another name with --profile, or unset SALLYPORT_PROFILE and OPENCLAW_PROFILE"
        }
    }
}
