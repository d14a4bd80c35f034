import Sessions
import Testing

@Suite("Spawn policy: runtime local")
struct LocalSpawnPolicyTests {
    private static func catalog(isLocal: Bool = false, pool: String? = nil) -> AgentCatalog {
        var main = Sample.agent("main")
        main.isLocal = isLocal
        main.pool = pool
        var coder = Sample.agent("coder", exec: false)
        coder.acp = AgentDefinition.ACP(command: ["/bin/coder"])
        main.limits.allowAgents = ["*"]
        return AgentCatalog(agents: [main, coder], defaultAgentID: "main")
    }

    private static let requester = SpawnPolicy.Requester(agentID: "main", depth: 0, activeChildren: 0)

    @Test("it is what was asked for, or what the agent is", arguments: [false, true])
    func runtime(_ isLocal: Bool) throws {
        let catalog = Self.catalog(isLocal: isLocal)
        let asked = try SpawnPolicy.check(
            SpawnRequest(task: "x", runtime: .local), from: Self.requester, catalog: catalog)
        #expect(asked.1 == .local)
        let own = try SpawnPolicy.check(SpawnRequest(task: "x"), from: Self.requester, catalog: catalog)
        #expect(own.1 == (isLocal ? .local : .subagent))
        let other = try SpawnPolicy.check(
            SpawnRequest(task: "x", runtime: .subagent), from: Self.requester, catalog: catalog)
        #expect(other.1 == .subagent)
        #expect(catalog.turnRuntime(of: "main") == (isLocal ? .local : .subagent))
        #expect(catalog["main"]?.runtime == (isLocal ? .local : .subagent))
    }

    @Test("what only a worker can do is refused, by a row of the walk")
    func refusals() throws {
        let pooled = SpawnPolicy.explain(
            SpawnRequest(task: "x", runtime: .local), from: Self.requester, catalog: Self.catalog(pool: "gpu"))
        #expect(pooled.refusal?.rule == .localPool && pooled.refusal?.kind == .configuration)
        #expect(pooled.refusal?.message.contains("pool \"gpu\"") == true)
        #expect(pooled.steps.last?.rule == .localPool && pooled.steps.last?.verdict == .refused)
        let acp = SpawnPolicy.explain(
            SpawnRequest(task: "x", agentID: "coder", runtime: .local), from: Self.requester, catalog: Self.catalog())
        #expect(acp.refusal?.message == "agent \"coder\" speaks ACP and has no command for runtime=\"local\"")
        #expect(acp.steps.last?.verdict == .notReached)
        var directory = SpawnRequest(task: "x", runtime: .local)
        directory.acp.workingDirectory = "/tmp"
        let parameter = SpawnPolicy.explain(directory, from: Self.requester, catalog: Self.catalog())
        #expect(parameter.refusal?.rule == .spawnParams)
    }

    @Test("the checks of any sub-agent come first")
    func order() {
        var deep = Self.requester
        deep.depth = 5
        let explanation = SpawnPolicy.explain(
            SpawnRequest(task: "x", runtime: .local), from: deep, catalog: Self.catalog(pool: "gpu"))
        #expect(explanation.refusal?.rule == .maxSpawnDepth)
    }
}
