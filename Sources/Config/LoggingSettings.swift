/// `logging.*`: what is written, where, and how.
package struct LoggingSettings: Equatable, Sendable {
    package enum Level: String, CaseIterable, Sendable, Comparable {
        case debug, info, warn, error, silent

        package static func < (left: Level, right: Level) -> Bool {
            allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
        }
    }

    package enum Style: String, CaseIterable, Sendable {
        /// `[gateway] INFO [12:34:56.789] message`
        case pretty
        case logfmt
        /// An object on a line.
        case json
    }

    package var consoleLevel = Level.info
    package var consoleStyle = Style.pretty
    package var level = Level.info
    /// Besides standard error; nil: nowhere else.
    package var file: String?
    package var fileStyle = Style.json
    package var maxFileBytes = 10 << 20
    package var maxFiles = 5
    /// By subsystem, or by the beginning of its name before `/`.
    package var subsystems: [String: Level] = [:]

    package init() {}
}
