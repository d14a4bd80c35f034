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

    package var id: String
    package var name: String?
    package var exec: Exec?
    package var workingDirectory: String?
    package var environment: [String: String]
    package var limits: SpawnLimits

    package init(
        id: String, name: String? = nil, exec: Exec?, workingDirectory: String? = nil,
        environment: [String: String] = [:], limits: SpawnLimits = SpawnLimits()
    ) {
        self.id = id
        self.name = name
        self.exec = exec
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.limits = limits
    }
}

/// `agents.defaults.subagents`, as it applies to one agent.
package struct SpawnLimits: Equatable, Sendable {
    package enum Credential: String, Sendable { case runToken, inherit }

    package var maxConcurrent = 8
    package var maxSpawnDepth = 5
    package var maxChildrenPerAgent = 5
    package var allowAgents: [String] = []
    package var requireAgentID = false
    package var allowSelf = true
    package var archiveAfterMinutes = 60
    package var runTimeoutSeconds = 0
    package var spawnTimeoutMs: Int64 = 30_000
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
    private let indexByID: [String: Int]

    package init(agents: [AgentDefinition], defaultAgentID: String, fallbackLimits: SpawnLimits = SpawnLimits()) {
        self.agents = agents
        self.defaultAgentID = defaultAgentID
        self.fallbackLimits = fallbackLimits
        indexByID = Dictionary(agents.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(id: String) -> AgentDefinition? { indexByID[id].map { agents[$0] } }

    /// Limits that apply to what an agent's sessions spawn.
    package func limits(of agentID: String) -> SpawnLimits { self[agentID]?.limits ?? fallbackLimits }
}
