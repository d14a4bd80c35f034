/// Where the value of a setting came from.
package enum SettingSource: Hashable, Sendable {
    case builtIn
    case file(path: String, line: Int)
    /// The name of the environment variable.
    case environment(String)
    /// The path of the setting that a command-line flag stands for.
    case flag(String)
}

extension SettingSource: CustomStringConvertible {
    package var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let name): "environment \(name)"
        case .flag: "command line"
        }
    }
}
