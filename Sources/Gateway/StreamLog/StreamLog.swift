package import JSON

/// The log of what an ACP child says, for the session that asked for it by `streamTo: "parent"`: one JSON object on each
/// line, in a file of the gateway's host.
package enum StreamLog {
    /// In the state directory.
    package static let directory = "/logs/acp-stream"
    package static let suffix = ".acp-stream.jsonl"
    /// A file does not grow beyond this; its last line says so.
    package static let maxFileBytes: Int64 = 16 << 20

    package struct Line: Equatable, Sendable {
        /// The file's name without its suffix: the child's session id as it was spawned.
        package let id: String
        package let json: JSON
    }

    package static func path(stateDirectory: String, id: String) -> String {
        stateDirectory + directory + "/" + id + suffix
    }
}
