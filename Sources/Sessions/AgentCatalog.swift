package import Wire

/// An agent that runs can be started with.
package struct AgentDefinition: Equatable, Sendable {
    /// How an exec agent gets its task.
    package enum TaskInput: String, Sendable { case task, none }

    package struct Exec: Equatable, Sendable {
        /// argv; `{task}` in an element is replaced by the task, without a shell.
        package var command: [String]
        package var stdin: TaskInput

        package init(command: [String], stdin: TaskInput) {
            self.command = command
            self.stdin = stdin
        }
    }

    /// A program that speaks the Agent Client Protocol.
    package struct ACP: Equatable, Sendable {
        package var command: [String]
        package var workingDirectory: String?
        /// How its permission requests are answered, by its name.
        package var permissionMode: String

        package init(command: [String], workingDirectory: String? = nil, permissionMode: String = "approve-reads") {
            self.command = command
            self.workingDirectory = workingDirectory
            self.permissionMode = permissionMode
        }
    }

    package var id: String
    package var name: String?
    package var exec: Exec?
    /// Comes before ``exec`` where nobody names a runtime.
    package var acp: ACP?
    package var workingDirectory: String?
    package var environment: [String: String]
    package var isolation: Isolation
    package var limits: SpawnLimits
    /// Its runs go to workers of this pool; nil: the gateway launches them itself.
    package var pool: String?
    /// Its command runs under the gateway itself, unless something else is asked for.
    package var isLocal: Bool

    package init(
        id: String, name: String? = nil, exec: Exec?, acp: ACP? = nil, workingDirectory: String? = nil,
        environment: [String: String] = [:], isolation: Isolation = Isolation(), limits: SpawnLimits = SpawnLimits(),
        pool: String? = nil, isLocal: Bool = false
    ) {
        self.id = id
        self.name = name
        self.exec = exec
        self.acp = acp
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.isolation = isolation
        self.limits = limits
        self.pool = pool
        self.isLocal = isLocal
    }

    /// What it runs by, unless something else is asked for.
    package var runtime: SpawnRequest.Runtime { acp != nil ? .acp : isLocal ? .local : .subagent }
}

/// `agents.defaults.subagents`, as it applies to one agent.
package struct SpawnLimits: Equatable, Sendable {
    package enum Credential: String, Sendable { case runToken, inherit }
    /// What becomes of a run whose worker is lost.
    package enum Recovery: String, Sendable {
        /// It ends as `lost`.
        case end
        /// It is started anew, from its task.
        case restart
        /// An agent that can load its conversation goes on with it; of any other the run ends.
        case resume
    }

    package var maxConcurrent = 8
    package var maxSpawnDepth = 5
    package var maxChildrenPerAgent = 5
    package var allowAgents: [String] = []
    package var requireAgentID = false
    package var allowSelf = true
    package var archiveAfterMinutes = 60
    package var runTimeoutSeconds = 0
    package var spawnTimeoutMs: Int64 = 30_000
    /// Within which a connected worker says something.
    package var workerLeaseMs: Int64 = 30_000
    /// How long a worker may be out of sight.
    package var workerGraceMs: Int64 = 600_000
    package var recovery = Recovery.end
    /// A run whose worker was lost more often is not started again.
    package var maxRestarts = 2
    /// Of each attempt to hand over a result.
    package var announceTimeoutSeconds = 120
    package var gatewayURL: String?
    package var credential = Credential.runToken
    /// Scopes that children get at most; nil: read and write.
    package var scopes: [String]?

    package init() {}
}

/// The configured agents.
package struct AgentCatalog: Equatable, Sendable {
    package let agents: [AgentDefinition]
    package let defaultAgentID: String
    package let fallbackLimits: SpawnLimits
    package let acp: ACPPolicy
    private let indexByID: [String: Int]

    package init(
        agents: [AgentDefinition], defaultAgentID: String, fallbackLimits: SpawnLimits = SpawnLimits(),
        acp: ACPPolicy = ACPPolicy()
    ) {
        self.agents = agents
        self.defaultAgentID = defaultAgentID
        self.fallbackLimits = fallbackLimits
        self.acp = acp
        indexByID = Dictionary(agents.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(id: String) -> AgentDefinition? { indexByID[id].map { agents[$0] } }

    /// Limits that apply to what an agent's sessions spawn.
    package func limits(of agentID: String) -> SpawnLimits { self[agentID]?.limits ?? fallbackLimits }

    /// What an agent's turns run by; nil: nothing to run.
    package func turnRuntime(of agentID: String) -> SpawnRequest.Runtime? {
        guard let agent = self[agentID] else { return nil }
        if agent.acp != nil, acp.isEnabled { return .acp }
        guard agent.exec != nil else { return nil }
        return agent.isLocal ? .local : .subagent
    }
}
