import Sessions
import Testing

@Suite("Spawn policy with runtime acp: upstream's checks and their order")
struct ACPSpawnPolicyTests {
    /// A spawn that every check lets through, to be damaged by the cases below.
    struct Attempt {
        var request = SpawnRequest(task: "work", agentID: "coder", runtime: .acp)
        var requester = SpawnPolicy.Requester(agentID: "main", depth: 0, activeChildren: 0, isOperator: true)
        var limits = SpawnLimits()
        var policy = ACPPolicy()
        var directory: String? = "/srv/work"

        init() { limits.allowAgents = ["coder", "plain", "ghost"] }

        var catalog: AgentCatalog {
            let acp = AgentDefinition.ACP(command: ["/bin/agent"], workingDirectory: directory)
            let agents = [
                Sample.agent("main", limits: limits), Sample.agent("plain"),
                AgentDefinition(id: "coder", exec: nil, acp: acp, limits: limits),
            ]
            return AgentCatalog(agents: agents, defaultAgentID: "main", acp: policy)
        }

        func check() throws(SpawnRefusal) -> (AgentDefinition, SpawnRequest.Runtime) {
            try SpawnPolicy.check(request, from: requester, catalog: catalog)
        }

        var refusal: SpawnRefusal? {
            do throws(SpawnRefusal) {
                _ = try check()
                return nil
            } catch { return error }
        }
    }

    struct Violation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: SpawnRefusal.Status
        let text: String
        let breakRule: @Sendable (inout Attempt) -> Void

        init(
            _ code: String, _ status: SpawnRefusal.Status, _ text: String,
            _ breakRule: @escaping @Sendable (inout Attempt) -> Void
        ) {
            testDescription = code
            self.status = status
            self.text = text
            self.breakRule = breakRule
        }
    }

    static let violations = [
        Violation("acp_disabled", .forbidden, "ACP is disabled by policy (`acp.enabled=false`).") {
            $0.policy.isEnabled = false
        },
        Violation(
            "requester_session_required", .error,
            "sessions_spawn streamTo=\"parent\" requires an active requester session context."
        ) {
            $0.request.acp.streamsToParent = true
            $0.requester.hasSession = false
        },
        Violation("runtime_policy", .forbidden, "which runs on the host") { $0.request.sandbox = .require },
        Violation(
            "target_agent_required", .error,
            "ACP target agent is not configured. Pass `agentId` in `sessions_spawn` or set `acp.defaultAgent` in config."
        ) { $0.request.agentID = nil },
        Violation("runtime_agent_mismatch", .error, "agent \"plain\" does not speak ACP") {
            $0.request.agentID = "plain"
        },
        Violation("agent_forbidden", .forbidden, "is not among acp.allowedAgents (other)") {
            $0.policy.allowedAgents = ["other"]
        },
        Violation("subagent_policy", .forbidden, "at this depth (current depth: 5, max: 5)") { $0.requester.depth = 5 },
        Violation("subagent_policy", .forbidden, "max active children for this session (5/5)") {
            $0.requester.activeChildren = 5
        },
        Violation("subagent_policy", .forbidden, "agentId is not allowed for sessions_spawn (allowed: none)") {
            $0.limits.allowAgents = []
        },
        Violation("subagent_policy", .forbidden, "as many ACP sessions are active as may be (2/2)") {
            $0.policy.maxConcurrentSessions = 2
            $0.requester.activeACPSessions = 2
        },
        Violation("spawn_failed", .error, "ACP agent \"ghost\" is not configured") { $0.request.agentID = "ghost" },
        Violation("cwd_resolution_failed", .error, "cwd must be an absolute path without ..") {
            $0.request.acp.workingDirectory = "work"
        },
        Violation("thread_binding_invalid", .error, "thread=true is unavailable") { $0.request.isThread = true },
    ]

    @Test("each broken rule is refused with its code, status and sentence", arguments: violations)
    func single(_ violation: Violation) throws {
        var attempt = Attempt()
        violation.breakRule(&attempt)
        let refusal = try #require(attempt.refusal)
        #expect(refusal.errorCode == violation.testDescription)
        #expect(refusal.status == violation.status)
        #expect(refusal.message.contains(violation.text), "\(refusal.message)")
        #expect(!refusal.remedy.isEmpty)
    }

    @Test("of two broken rules the earlier one answers")
    func order() {
        for (index, first) in Self.violations.enumerated() {
            for second in Self.violations[(index + 1)...] {
                let pair = [first.testDescription, second.testDescription]
                let targets = ["target_agent_required", "runtime_agent_mismatch", "spawn_failed"]
                if pair.allSatisfy(targets.contains) { continue }
                var attempt = Attempt()
                second.breakRule(&attempt)
                first.breakRule(&attempt)
                #expect(attempt.refusal?.errorCode == first.testDescription, "\(pair)")
                #expect(attempt.refusal?.message.contains(first.text) == true, "\(pair)")
            }
        }
    }

    @Test("what is allowed")
    func accepted() throws {
        let (agent, runtime) = try Attempt().check()
        #expect(agent.id == "coder" && runtime == .acp)
        var implied = Attempt()
        implied.request.runtime = nil
        #expect(try implied.check().1 == .acp)
        var own = Attempt()
        own.request = SpawnRequest(task: "work")
        own.requester.agentID = "coder"
        #expect(try own.check().0.id == "coder")
        var byDefault = Attempt()
        byDefault.request.agentID = nil
        byDefault.policy.defaultAgent = "coder"
        #expect(try byDefault.check().0.id == "coder")
        // Named there, it needs not be named in allowAgents.
        var named = Attempt()
        named.limits.allowAgents = []
        named.policy.allowedAgents = ["coder"]
        #expect(try named.check().0.id == "coder")
    }

    @Test(
        "where a child may be sent",
        arguments: [
            ("/srv/work", false, "/srv/work", true), ("/srv/work/a", false, "/srv/work", true),
            ("/srv/work/", false, "/srv/work", true), ("/srv", false, "/srv/work", false),
            ("/srv/works", false, "/srv/work", false), ("/srv/work/../x", false, "/srv/work", false),
            ("/srv/work", false, nil, false), ("/anywhere", true, nil, true), ("/a/..", true, nil, false),
        ] as [(String, Bool, String?, Bool)])
    func directories(_ wanted: String, _ isOperator: Bool, _ configured: String?, _ isAllowed: Bool) {
        var attempt = Attempt()
        attempt.request.acp.workingDirectory = wanted
        attempt.requester.isOperator = isOperator
        attempt.directory = configured
        #expect((attempt.refusal == nil) == isAllowed)
    }

    @Test("an ACP agent without a command is not run as one, nor is what is for ACP taken for others")
    func native() {
        var attempt = Attempt()
        attempt.request.runtime = .subagent
        #expect(attempt.refusal?.rule == .agentExec)
        #expect(attempt.refusal?.remedy.contains("\"acp\"") == true)
        attempt.request.agentID = "plain"
        attempt.request.acp.workingDirectory = "/tmp"
        #expect(attempt.refusal?.rule == .spawnParams)
    }
}
