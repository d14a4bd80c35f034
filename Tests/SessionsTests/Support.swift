import Sessions
import Wire

enum Sample {
    static func agent(
        _ id: String, exec: Bool = true, isolation: Isolation.Kind = .none, limits: SpawnLimits = SpawnLimits()
    )
        -> AgentDefinition
    {
        AgentDefinition(
            id: id, exec: exec ? AgentDefinition.Exec(command: ["/bin/echo", "{task}"], stdin: .none) : nil,
            isolation: Isolation(isolation), limits: limits)
    }

    static func session(_ key: String, parent: String? = nil, depth: Int = 0) -> Session {
        Session(
            key: key, sessionID: "id of \(key)", agentID: "main", kind: parent == nil ? .primary : .spawned, label: nil,
            parentKey: parent, depth: depth, createdAtMs: 0, updatedAtMs: 0)
    }

    static func run(
        _ id: String, by requester: String = "main", timeoutSeconds: Int = 0, spawnTimeoutMs: Int64 = 30_000,
        acceptedAtMs: Int64 = 0
    ) -> Run {
        Run(
            runID: id, sessionKey: "session of \(id)", requesterKey: requester, askerDeviceID: nil, agentID: "main",
            task: "task", label: nil, cleanup: .keep, runTimeoutSeconds: timeoutSeconds,
            spawnTimeoutMs: spawnTimeoutMs, acceptedAtMs: acceptedAtMs, isExternal: false, idempotencyKey: nil,
            phase: .queued)
    }

    static func end(_ status: RunEnd.Status = .ok, atMs: Int64) -> RunEnd {
        RunEnd(status: status, cause: nil, exitCode: 0, text: "", totalBytes: 0, endedAtMs: atMs)
    }
}
