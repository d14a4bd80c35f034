package import JSON

/// Everything a configuration is made of, as values.
package struct ConfigInput: Sendable {
    package struct File: Equatable, Sendable {
        package let path: String
        package let bytes: [UInt8]
        /// A `gateway.json` beside the main file adds to it and needs no `gateway.mode`.
        package var isSupplement: Bool { PathText.lastComponent(path) == "gateway.json" }

        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// In order of precedence, lowest first.
    package var files: [File]
    package var environment: [String: String]
    /// By setting path: `["gateway.port": "3000"]`. Lists are separated by commas.
    package var flags: [String: String]
    /// Whether variables such as `OPENCLAW_GATEWAY_PORT` stand over the files. References to variables count anyway.
    package var readsSettingVariables = true

    package init(files: [File] = [], environment: [String: String] = [:], flags: [String: String] = [:]) {
        self.files = files
        self.environment = environment
        self.flags = flags
    }
}

/// What loading came to.
package struct ConfigResult: Equatable, Sendable {
    /// `nil` when any problem is an error.
    package let configuration: Configuration?
    /// All of them, in the order found.
    package let problems: [ConfigProblem]
    /// All files as one, with what they include, as it is written; null when one cannot be read.
    package var document = JSON.null

    package init(configuration: Configuration?, problems: [ConfigProblem], document: JSON = .null) {
        self.configuration = configuration
        self.problems = problems
        self.document = document
    }

    package var errors: [ConfigProblem] { problems.filter { $0.severity == .error } }
    package var warnings: [ConfigProblem] { problems.filter { $0.severity == .warning } }
}
