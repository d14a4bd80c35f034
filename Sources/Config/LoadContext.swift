internal import JSON

/// What one run of the loader gathers while sections are read. Never leaves the loader.
final class LoadContext {
    var variables: Variables
    let flags: [String: String]
    let readFile: (String) -> [UInt8]?
    let runCommand: ConfigLoader.CommandRunner
    /// By name.
    var secretProviders: [String: SecretProvider] = [:]
    var readsSettingVariables = true
    private(set) var problems: [ConfigProblem] = []
    private(set) var effective: [EffectiveSetting] = []
    private var rows: [String: Int] = [:]
    private var locations: [String: SourceLocation] = [:]
    private var flagPaths: Set<String> = []
    private var names: [String: [String]] = [:]
    private(set) var identities: [String: JSON] = [:]
    /// In the order of the sections.
    private(set) var descriptions: [(path: String, shape: SettingShape, fallback: JSON, variables: [String])] = []
    /// Sections in which an unknown name is a slip, with the names that only OpenClaw has a use for.
    private(set) var closedSections: [String: Set<String>] = [:]

    init(
        variables: Variables, flags: [String: String], readFile: @escaping (String) -> [UInt8]?,
        runCommand: @escaping ConfigLoader.CommandRunner = ConfigLoader.noCommands
    ) {
        self.runCommand = runCommand
        self.variables = variables
        self.flags = flags
        self.readFile = readFile
    }

    // MARK: Settings

    /// A variable that stands for a setting.
    func setting(_ name: Variables.Name) -> Variables.Found? { readsSettingVariables ? variables.find(name) : nil }

    /// - Parameter identity: what two values are compared by, where what is shown does not tell them apart.
    func record(
        _ path: String, _ value: JSON, _ source: SettingSource, at location: SourceLocation?, identity: JSON? = nil
    ) {
        identities[path] = identity ?? value
        let setting = EffectiveSetting(path: path, value: value, source: source)
        if let row = rows[path] {
            effective[row] = setting
        } else {
            rows[path] = effective.count
            effective.append(setting)
        }
        locations[path] = location
    }

    func source(of path: String) -> SettingSource { rows[path].map { effective[$0].source } ?? .builtIn }

    /// Whether anybody has given a value, right or wrong.
    func isSet(_ path: String) -> Bool { source(of: path) != .builtIn }

    func location(of path: String) -> SourceLocation? { locations[path] }

    // MARK: Names

    /// Notes that a section has a member of that name, so that others can be called unknown.
    func note(_ name: String, in section: String) {
        names[section, default: []].append(name)
    }

    func names(in section: String) -> [String] { names[section] ?? [] }

    func describe(_ path: String, _ shape: SettingShape, default fallback: JSON, variables: [String]) {
        descriptions.append((path, shape, fallback, variables))
    }

    func close(_ section: String, _ ignored: Set<String>) { closedSections[section] = ignored }

    func noteFlag(_ path: String) { flagPaths.insert(path) }

    func reportUnknownFlags() {
        for path in flags.keys.sorted() where !flagPaths.contains(path) {
            let nearest = KeyAdvice.nearest(to: path, among: flagPaths.sorted())
            error(
                .unknownFlag, path, "\(path) is not a setting that the command line can set",
                remedy: nearest.map { "use \($0)" })
        }
    }

    // MARK: Problems

    func error(
        _ rule: ConfigRule, _ path: String, _ message: String, at location: SourceLocation? = nil, remedy: String? = nil
    ) {
        problems.append(ConfigProblem(.error, rule, path: path, message: message, location: location, remedy: remedy))
    }

    func warn(
        _ rule: ConfigRule, _ path: String, _ message: String, at location: SourceLocation? = nil, remedy: String? = nil
    ) {
        problems.append(ConfigProblem(.warning, rule, path: path, message: message, location: location, remedy: remedy))
    }
}
