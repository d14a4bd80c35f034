import Sessions
import Testing
import Wire

@Suite("A spawn explained rule by rule")
struct SpawnExplanationTests {
    private static func explain(
        _ request: SpawnRequest, _ requester: SpawnPolicy.Requester, _ catalog: AgentCatalog
    ) -> SpawnPolicy.Explanation {
        SpawnPolicy.explain(request, from: requester, catalog: catalog)
    }

    @Test(
        "each refusal of runtime subagent is one row of the walk, with all rows before it passed",
        arguments: SpawnPolicyTests.violations)
    func native(_ violation: SpawnPolicyTests.Violation) throws {
        var attempt = SpawnPolicyTests.Attempt()
        violation.breakRule(&attempt)
        let catalog = AgentCatalog(agents: [Sample.agent("main", limits: attempt.limits)], defaultAgentID: "main")
        let explanation = Self.explain(attempt.request, attempt.requester, catalog)
        try Self.expect(explanation, refusedBy: violation.testDescription)
        #expect(explanation.refusal?.message == violation.message)
    }

    @Test("each refusal of runtime acp is one row of the walk", arguments: ACPSpawnPolicyTests.violations)
    func acp(_ violation: ACPSpawnPolicyTests.Violation) throws {
        var attempt = ACPSpawnPolicyTests.Attempt()
        violation.breakRule(&attempt)
        let refusal = try #require(attempt.refusal)
        let explanation = Self.explain(attempt.request, attempt.requester, attempt.catalog)
        try Self.expect(explanation, refusedBy: refusal.rule.rawValue)
    }

    private static func expect(_ explanation: SpawnPolicy.Explanation, refusedBy rule: String) throws {
        let place = try #require(explanation.steps.firstIndex { $0.rule.rawValue == rule }, "no row for \(rule)")
        #expect(explanation.steps[..<place].allSatisfy { $0.verdict == .passed })
        #expect(explanation.steps[place].verdict == .refused)
        #expect(explanation.steps[(place + 1)...].allSatisfy { $0.verdict == .notReached })
        #expect(explanation.steps.allSatisfy { !$0.fact.isEmpty })
        #expect(explanation.refusal?.rule.rawValue == rule)
    }

    @Test("what passes passes every rule, and names agent and runtime")
    func accepted() {
        let catalog = AgentCatalog(agents: [Sample.agent("main")], defaultAgentID: "main")
        let requester = SpawnPolicy.Requester(agentID: "main", depth: 0, activeChildren: 3)
        let explanation = Self.explain(SpawnRequest(task: ""), requester, catalog)
        #expect(explanation.refusal == nil)
        #expect(explanation.agentID == "main")
        #expect(explanation.runtime == .subagent)
        #expect(explanation.steps.allSatisfy { $0.verdict == .passed })
        let children = explanation.steps.first { $0.rule == .maxChildren }
        #expect(children?.fact == "3 of at most 5 children have not ended")
        #expect(children?.keys == ["agents.defaults.subagents.maxChildrenPerAgent"])
    }

    @Test("the kind of a refusal decides the exit code")
    func kinds() throws {
        let agents = [Sample.agent("main"), Sample.agent("hollow", exec: false)]
        var limits = SpawnLimits()
        limits.allowAgents = ["*", "ghost"]
        let catalog = AgentCatalog(
            agents: [Sample.agent("main", limits: limits)] + agents.dropFirst(), defaultAgentID: "main")
        func kind(_ request: SpawnRequest, children: Int = 0) -> SpawnRefusal.Kind? {
            let requester = SpawnPolicy.Requester(agentID: "main", depth: 0, activeChildren: children)
            return Self.explain(request, requester, catalog).refusal?.kind
        }
        #expect(kind(SpawnRequest(task: "", agentID: "stranger")) == .agentNotAllowed)
        #expect(kind(SpawnRequest(task: "", agentID: "ghost")) == .agentNotAllowed)
        #expect(kind(SpawnRequest(task: ""), children: 5) == .sessionLimit)
        #expect(kind(SpawnRequest(task: "", agentID: "hollow")) == .configuration)
        #expect(kind(SpawnRequest(task: "", mode: .session)) == .other)
        #expect(kind(SpawnRequest(task: "")) == nil)
    }
}
