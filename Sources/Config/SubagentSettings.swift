/// `agents.defaults.subagents.*`, and the same for one agent with its overrides applied.
package struct SubagentSettings: Equatable, Sendable {
    package enum Credential: String, CaseIterable, Sendable {
        /// A token that lives and dies with the run.
        case runToken
        /// The parent's shared token: such a command can speak as the owner.
        case inherit
    }

    /// What becomes of a run whose worker is lost.
    package enum Recovery: String, CaseIterable, Sendable {
        case end
        case restart
        /// ACP agents that can load their conversation go on with it; others end.
        case resume
    }

    /// Per controlling session; more are accepted and queue.
    package var maxConcurrent = 8
    /// 1–5.
    package var maxSpawnDepth = 5
    /// Accepted children that have not ended, 1–1000.
    package var maxChildrenPerAgent = 5
    /// Other agents that may be spawned; `*` means every configured one. The own agent is `allowSelf`.
    package var allowAgents: [String] = []
    package var requireAgentID = false
    package var allowSelf = true
    /// `nil`: never archived.
    package var archiveAfter: Duration? = .seconds(3600)
    /// When the call names none; `nil`: no limit.
    package var runTimeout: Duration?
    /// Per delivery attempt.
    package var announceTimeout: Duration = .seconds(120)
    /// From launch to attachment.
    package var spawnTimeout: Duration = .seconds(30)
    /// Within which a connected worker says something.
    package var workerLease: Duration = .seconds(30)
    /// How long a worker may be out of sight before its run is lost. One whose process is seen to be gone is not waited for.
    package var workerGrace: Duration = .seconds(600)
    package var onWorkerLost: Recovery = .end
    /// A run is started anew so many times; 0–100.
    package var maxRestarts = 2
    /// What children on this host dial instead of loopback: a `ws://` or `wss://` address of this gateway.
    package var gatewayURL: String?
    package var credential: Credential = .runToken
    /// `nil`: what the spawning rules grant.
    package var scopes: [String]?

    package init() {}
}
