package import JSON

/// The command that is an agent.
package struct ExecSettings: Equatable, Sendable {
    package enum StandardInput: String, CaseIterable, Sendable {
        /// The task is written to the command, then the pipe is closed.
        case task
        case none
    }

    /// Program and arguments; never empty, no shell in between.
    package let command: [String]
    package let standardInput: StandardInput
}

/// `agents.defaults.*`.
package struct AgentDefaults: Equatable, Sendable {
    package let exec: ExecSettings?
    package let cwd: String?
    package let environment: [String: String]
    package let isolation: IsolationSettings
    package let subagents: SubagentSettings
    /// Where runs go that name no other pool; `nil`: the gateway launches them itself.
    package let pool: String?
}

/// One agent of `agents.list[]` or `agents.entries`, defaults applied.
package struct AgentSettings: Equatable, Sendable {
    /// `[a-z0-9][a-z0-9_-]{0,63}`.
    package let id: String
    package let name: String?
    package let isDefault: Bool
    /// `nil`: there is nothing to run for this agent.
    package let exec: ExecSettings?
    package let cwd: String?
    package let workspace: String?
    /// The defaults' variables with the agent's own over them.
    package let environment: [String: String]
    package let isolation: IsolationSettings
    package let subagents: SubagentSettings
    /// As written, `{type: "acp", acp: {…}}`.
    package let runtime: JSON?
    /// What `runtime` says, when that can be run.
    package let acp: ACPAgentSettings?
    /// Its command runs under the gateway itself, by a `runtime` of type `local`.
    package let isLocal: Bool
    /// Its runs go to workers of this pool; `nil`: the gateway launches them itself.
    package let pool: String?

    package static let maxIDLength = 64

    /// Whether `text` can name an agent.
    package static func isValidID(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLowerCaseOrDigit(first), text.utf8.count <= maxIDLength else {
            return false
        }
        return text.utf8.allSatisfy { isLowerCaseOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    private static func isLowerCaseOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
