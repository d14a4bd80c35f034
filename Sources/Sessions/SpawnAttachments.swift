/// Files that a spawn brings along, shape and limits already checked.
package struct SpawnAttachments: Equatable, Sendable {
    package struct File: Equatable, Sendable {
        /// A plain name, safe in any directory.
        package let name: String
        package let bytes: [UInt8]
        package let mimeType: String?
        /// Lower-case hex.
        package let sha256: String

        package init(name: String, bytes: [UInt8], mimeType: String?, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.mimeType = mimeType
            self.sha256 = sha256
        }

        package var isImage: Bool { mimeType?.hasPrefix("image/") == true }
    }

    /// `tools.sessions_spawn.attachments`
    package struct Limits: Equatable, Sendable {
        package var isEnabled = false
        package var maxFiles = 50
        package var maxFileBytes = 1_048_576
        package var maxTotalBytes = 5_242_880
        /// They stay for as long as a session that is kept.
        package var isRetained = false

        package init() {}
    }

    package var files: [File] = []
    /// Where the agent would like to see them; a hint.
    package var mountPath: String?

    package init() {}

    package var totalBytes: Int { files.reduce(0) { $0 + $1.bytes.count } }

    package static let maxNameBytes = 128
    /// Above any `maxFiles`.
    package static let maxRows = 1000
    /// Relative to the run's own directory (`OPENCLAW_STATE_DIR`).
    package static let directory = "attachments"

    /// Whether a file can have this name: no directory, nothing hidden, nothing that a terminal or a shell would mind.
    package static func isSafeName(_ name: String) -> Bool {
        guard (1...maxNameBytes).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
            return false
        }
        return name.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "/", "\\", ":", "*", "?", "\"", "<", ">", "|": false
            // Controls, and what turns the direction of a text or cannot be seen.
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{200B}"..."\u{200F}", "\u{202A}"..."\u{202E}",
                "\u{2060}"..."\u{2069}", "\u{FEFF}":
                false
            default: true
            }
        }
    }

    /// `[A-Za-z0-9._\-/:]+`, and no way up.
    package static func isMountPath(_ path: String) -> Bool {
        guard (1...512).contains(path.utf8.count) else { return false }
        let names = path.utf8.split(separator: UInt8(ascii: "/"))
        guard !names.contains(where: { $0.elementsEqual("..".utf8) }) else { return false }
        return path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ":"): true
            default: false
            }
        }
    }
}
