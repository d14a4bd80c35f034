package import JSON

/// What a client asks of the configuration files (wire protocol, section 6.10).
package enum ConfigRequest: Equatable, Sendable {
    case get
    case schema
    case lookup(path: String)
    /// - `raw`: the whole text, JSON5.
    case set(raw: String, by: ConfigAuthor)
    case patch(JSON, replacing: [String], by: ConfigAuthor)

    package static let maxRawBytes = 4 << 20
    package static let maxReplacePaths = 256
}

/// Who changes the configuration, and what of it they have seen.
package struct ConfigAuthor: Equatable, Sendable {
    /// `config.set`, `config.apply` or `config.patch`
    package let method: String
    /// For the log.
    package let name: String
    /// The hash that `config.get` gave.
    package let baseHash: String?
    package let note: String?
}
