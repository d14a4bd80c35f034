/// What a caller of `sessions_spawn` asks for, shape already checked.
package struct SpawnRequest: Equatable, Sendable {
    package enum Runtime: String, CaseIterable, Sendable {
        case subagent, acp
        /// A command under the gateway itself, which has no connection to it.
        case local
    }
    package enum Cleanup: String, Sendable { case keep, delete }
    package enum Mode: String, Sendable { case run, session }
    package enum Sandbox: String, Sendable { case inherit, require }
    package enum Context: String, Sendable {
        /// The child begins with its task.
        case isolated
        /// It begins with the conversation of the session that spawns it.
        case fork
    }

    package var task: String
    package var agentID: String?
    /// Nil: the target agent's own.
    package var runtime: Runtime?
    package var label: String?
    /// 0: none; nil: as configured.
    package var runTimeoutSeconds: Int?
    package var cleanup: Cleanup
    package var idempotencyKey: String?
    package var mode: Mode
    /// Asks to be bound to a thread of the channel.
    package var isThread: Bool
    package var sandbox: Sandbox
    /// What only runtime `acp` takes.
    package var acp: ACP
    package var context = Context.isolated
    /// Told to the command; what they mean is the command's to know.
    package var model: String?
    package var thinking: String?
    /// A name by which the requester's tools find the child.
    package var taskName: String?
    package var attachments = SpawnAttachments()

    package struct ACP: Equatable, Sendable {
        package var workingDirectory: String?
        /// The agent's own id of an earlier session.
        package var resumeSessionID: String?
        package var streamsToParent = false

        package init() {}
    }

    package init(
        task: String, agentID: String? = nil, runtime: Runtime? = nil, label: String? = nil,
        runTimeoutSeconds: Int? = nil, cleanup: Cleanup = .keep, idempotencyKey: String? = nil, mode: Mode = .run,
        isThread: Bool = false, sandbox: Sandbox = .inherit, acp: ACP = ACP()
    ) {
        self.task = task
        self.agentID = agentID
        self.runtime = runtime
        self.label = label
        self.runTimeoutSeconds = runTimeoutSeconds
        self.cleanup = cleanup
        self.idempotencyKey = idempotencyKey
        self.mode = mode
        self.isThread = isThread
        self.sandbox = sandbox
        self.acp = acp
    }
}

/// Why a spawn was refused: OpenClaw's sentence, the rule, and what mends it.
package struct SpawnRefusal: Error, Equatable, Sendable {
    /// `status` of the result.
    package enum Status: String, Sendable { case forbidden, error }
    /// Decides the exit code of the command line.
    package enum Kind: String, Sendable {
        case agentNotAllowed = "agent-not-allowed", sessionLimit = "session-limit", other
        /// Nothing but another configuration lets any such spawn pass.
        case configuration
    }

    package let status: Status
    package let kind: Kind
    package let message: String
    package let rule: SpawnRule
    package let remedy: String
    /// Of runtime `acp`.
    package var errorCode: String?

    package init(_ status: Status, _ message: String, rule: SpawnRule, remedy: String) {
        self.init(status, .other, message, rule: rule, remedy: remedy)
    }

    package init(_ status: Status, _ kind: Kind, _ message: String, rule: SpawnRule, remedy: String) {
        self.status = status
        self.kind = kind
        self.message = message
        self.rule = rule
        self.remedy = remedy
    }
}
