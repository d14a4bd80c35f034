import Sessions
import Testing
import Wire

@Suite("Spawn policy: upstream's checks, order and texts")
struct SpawnPolicyTests {
    /// A spawn that every check lets through, to be damaged by the cases below.
    struct Attempt {
        var request = SpawnRequest(task: "work")
        var requester = SpawnPolicy.Requester(agentID: "main", depth: 0, activeChildren: 0)
        var limits = SpawnLimits()

        func check() throws(SpawnRefusal) -> AgentDefinition {
            let agents = [
                Sample.agent("main", limits: limits), Sample.agent("finance"), Sample.agent("hollow", exec: false),
            ]
            let (agent, runtime) = try SpawnPolicy.check(
                request, from: requester, catalog: AgentCatalog(agents: agents, defaultAgentID: "main"))
            #expect(runtime == .subagent)
            return agent
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
        let message: String
        let breakRule: @Sendable (inout Attempt) -> Void

        init(
            _ testDescription: String, _ status: SpawnRefusal.Status, _ message: String,
            _ breakRule: @escaping @Sendable (inout Attempt) -> Void
        ) {
            self.testDescription = testDescription
            self.status = status
            self.message = message
            self.breakRule = breakRule
        }
    }

    /// In upstream's order (sessions and configuration reference, 3.1); ours that upstream does not have come last.
    static let violations = [
        Violation(
            "agent-id", .error,
            "Invalid agentId \"No Such\". Agent IDs must match [a-z0-9][a-z0-9_-]{0,63}. "
                + "Use agents_list to discover valid targets."
        ) { $0.request.agentID = "No Such" },
        Violation(
            "mode", .error, "mode=\"session\" requires thread=true so the subagent can stay bound to a thread."
        ) { $0.request.mode = .session },
        Violation(
            "max-spawn-depth", .forbidden, "sessions_spawn is not allowed at this depth (current depth: 5, max: 5)"
        ) { $0.requester.depth = 5 },
        Violation(
            "max-children", .forbidden, "sessions_spawn has reached max active children for this session (5/5)"
        ) { $0.requester.activeChildren = 5 },
        Violation(
            "require-agent-id", .forbidden,
            "sessions_spawn requires explicit agentId when requireAgentId is configured. "
                + "Use agents_list to see allowed agent ids."
        ) { $0.limits.requireAgentID = true },
        Violation("allow-agents", .forbidden, "agentId is not allowed for sessions_spawn (allowed: none)") {
            $0.limits.allowSelf = false
        },
        Violation(
            "sandbox", .forbidden,
            "sessions_spawn sandbox=\"require\" needs a sandboxed target runtime. "
                + "Pick a sandboxed agentId or use sandbox=\"inherit\"."
        ) { $0.request.sandbox = .require },
        Violation(
            "thread", .error,
            "thread=true is unavailable because no channel plugin registered subagent_spawning hooks."
        ) { $0.request.isThread = true },
    ]

    @Test("each broken rule is refused with its status and sentence", arguments: violations)
    func single(_ violation: Violation) throws {
        var attempt = Attempt()
        violation.breakRule(&attempt)
        let refusal = try #require(attempt.refusal)
        #expect(refusal.message == violation.message)
        #expect(refusal.status == violation.status)
        #expect(refusal.rule.rawValue == violation.testDescription)
        #expect(!refusal.remedy.isEmpty)
    }

    @Test("of two broken rules the earlier one answers")
    func order() throws {
        for (index, first) in Self.violations.enumerated() {
            for second in Self.violations[(index + 1)...] {
                let pair = [first.testDescription, second.testDescription]
                // An explicit id cannot be missing too, and session mode with a thread is right.
                if pair == ["agent-id", "require-agent-id"] || pair == ["mode", "thread"] { continue }
                var attempt = Attempt()
                first.breakRule(&attempt)
                second.breakRule(&attempt)
                if pair == ["agent-id", "allow-agents"] { attempt.limits.allowSelf = false }
                #expect(attempt.refusal?.message == first.message, "\(pair)")
            }
        }
    }

    /// Who asks, for whom, whether a sandbox is asked for, and whether it may.
    static let sandboxes: [(Bool, Isolation.Kind, SpawnRequest.Sandbox, String?)] = [
        (false, .none, .inherit, nil), (false, .uid, .inherit, nil), (false, .uid, .require, nil),
        (false, .bwrap, .require, nil), (false, .container, .require, nil),
        (false, .none, .require, "sessions_spawn sandbox=\"require\" needs a sandboxed target runtime."),
        (true, .none, .inherit, "Sandboxed sessions cannot spawn unsandboxed subagents."),
        (true, .none, .require, "Sandboxed sessions cannot spawn unsandboxed subagents."),
        (true, .uid, .inherit, nil), (true, .container, .require, nil),
    ]

    @Test("an agent with an isolation is a sandbox, and nobody leaves one by a spawn", arguments: sandboxes)
    func sandbox(_ isInside: Bool, _ target: Isolation.Kind, _ wanted: SpawnRequest.Sandbox, _ text: String?) throws {
        var limits = SpawnLimits()
        limits.allowAgents = ["other"]
        let acp = AgentDefinition(
            id: "other", exec: nil, acp: .init(command: ["x"]), isolation: Isolation(target), limits: limits)
        for (agent, runtime) in [
            (Sample.agent("other", isolation: target), SpawnRequest.Runtime.subagent), (acp, .acp),
        ] {
            var requester = SpawnPolicy.Requester(agentID: "main", depth: 0, activeChildren: 0)
            requester.isSandboxed = isInside
            let catalog = AgentCatalog(agents: [Sample.agent("main", limits: limits), agent], defaultAgentID: "main")
            let request = SpawnRequest(task: "t", agentID: "other", runtime: runtime, sandbox: wanted)
            do throws(SpawnRefusal) {
                _ = try SpawnPolicy.check(request, from: requester, catalog: catalog)
                #expect(text == nil)
            } catch {
                let wanted = try #require(text, "\(error)")
                if runtime == .subagent {
                    #expect(error.message.hasPrefix(wanted))
                } else {
                    #expect(error.errorCode == "runtime_policy")
                }
                #expect(error.status == .forbidden)
                #expect(error.remedy.contains("isolation"))
            }
        }
    }

    @Test("an unbroken request runs the requester's own agent")
    func accepted() throws {
        #expect(try Attempt().check().id == "main")
    }

    // MARK: - Limits

    @Test("the last allowed depth is one less than maxSpawnDepth", arguments: [1, 2, 5])
    func depth(_ maximum: Int) {
        var attempt = Attempt()
        attempt.limits.maxSpawnDepth = maximum
        for depth in [maximum - 1, maximum, maximum + 1] {
            attempt.requester.depth = depth
            #expect((attempt.refusal == nil) == (depth < maximum))
        }
    }

    @Test("the last allowed child is number maxChildrenPerAgent", arguments: [1, 5, 1000])
    func children(_ maximum: Int) {
        var attempt = Attempt()
        attempt.limits.maxChildrenPerAgent = maximum
        for children in [maximum - 1, maximum, maximum + 1] {
            attempt.requester.activeChildren = children
            #expect((attempt.refusal == nil) == (children < maximum))
        }
        #expect(attempt.refusal?.kind == .sessionLimit)
        #expect(attempt.refusal?.remedy == "raise agents.defaults.subagents.maxChildrenPerAgent")
    }

    @Test(
        "an agent id is 1 to 64 of a-z, 0-9, - and _, and begins with a letter or digit",
        arguments: [
            ("a", true), ("0", true), (String(repeating: "a", count: 64), true),
            (String(repeating: "a", count: 65), false), ("-a", false), ("_a", false), ("a-b_c9", true), ("A", false),
            ("a b", false), ("é", false), ("../main", false), ("*", false),
        ] as [(String, Bool)])
    func agentIDs(_ id: String, _ isValid: Bool) {
        var attempt = Attempt()
        attempt.request.agentID = id
        #expect((attempt.refusal?.rule == .agentID) == !isValid)
    }

    // MARK: - Report 60265

    @Test("60265: the own agent needs no entry, named or not")
    func sameAgent() throws {
        var attempt = Attempt()
        #expect(try attempt.check().id == "main")
        attempt.request.agentID = "main"
        #expect(try attempt.check().id == "main")
        attempt.limits.allowAgents = ["finance"]
        #expect(try attempt.check().id == "main")
    }

    @Test("60265: another agent is refused until allowAgents names it")
    func crossAgent() throws {
        var attempt = Attempt()
        attempt.request.agentID = "finance"
        #expect(attempt.refusal?.message == "agentId is not allowed for sessions_spawn (allowed: none)")
        #expect(attempt.refusal?.kind == .agentNotAllowed)
        #expect(attempt.refusal?.remedy == "add \"finance\" to agents.defaults.subagents.allowAgents")
        attempt.limits.allowAgents = ["finance"]
        #expect(try attempt.check().id == "finance")
    }

    @Test("the refusal lists what is allowed")
    func allowedList() {
        var attempt = Attempt()
        attempt.request.agentID = "finance"
        attempt.limits.allowAgents = ["ops", "research"]
        #expect(attempt.refusal?.message == "agentId is not allowed for sessions_spawn (allowed: ops, research)")
    }

    @Test("entries of allowAgents are compared without regard to case")
    func caseInsensitive() throws {
        var attempt = Attempt()
        attempt.request.agentID = "finance"
        attempt.limits.allowAgents = ["FINANCE"]
        #expect(try attempt.check().id == "finance")
    }

    @Test("\"*\" allows every configured agent, and only those")
    func wildcard() throws {
        var attempt = Attempt()
        attempt.limits.allowAgents = ["*"]
        attempt.request.agentID = "finance"
        #expect(try attempt.check().id == "finance")
        attempt.request.agentID = "ghost"
        #expect(attempt.refusal?.message == "agentId is not allowed for sessions_spawn (allowed: *)")
        #expect(attempt.refusal?.remedy.contains("\"*\" means configured agents") == true)
    }

    @Test("an agent that is allowed by name but not configured, or has no command, is refused last")
    func unconfigured() {
        var attempt = Attempt()
        attempt.limits.allowAgents = ["ghost", "hollow"]
        attempt.request.agentID = "ghost"
        #expect(attempt.refusal?.message == "agent \"ghost\" is not configured")
        #expect(attempt.refusal?.status == .error)
        #expect(attempt.refusal?.kind == .agentNotAllowed)
        attempt.request.agentID = "hollow"
        #expect(attempt.refusal?.message == "agent \"hollow\" has no command to run")
        attempt.request.sandbox = .require
        #expect(attempt.refusal?.rule == .sandbox)
    }

    @Test("requireAgentId asks for an id even for the own agent, and is content with one")
    func requireAgentID() throws {
        var attempt = Attempt()
        attempt.limits.requireAgentID = true
        #expect(attempt.refusal?.rule == .requireAgentID)
        attempt.request.agentID = "main"
        #expect(try attempt.check().id == "main")
    }

    @Test("an agent's own limits stand before the defaults, and the defaults serve agents that are not configured")
    func perAgentLimits() {
        var strict = SpawnLimits()
        strict.maxChildrenPerAgent = 1
        var defaults = SpawnLimits()
        defaults.maxChildrenPerAgent = 3
        let catalog = AgentCatalog(
            agents: [Sample.agent("strict", limits: strict), Sample.agent("target")], defaultAgentID: "strict",
            fallbackLimits: defaults)
        func isRefused(_ agentID: String, children: Int) -> Bool {
            do throws(SpawnRefusal) {
                _ = try SpawnPolicy.check(
                    SpawnRequest(task: "work", agentID: agentID),
                    from: SpawnPolicy.Requester(agentID: agentID, depth: 0, activeChildren: children), catalog: catalog)
                return false
            } catch { return error.rule == .maxChildren }
        }
        #expect(!isRefused("strict", children: 0))
        #expect(isRefused("strict", children: 1))
        #expect(!isRefused("unlisted", children: 2))
        #expect(isRefused("unlisted", children: 3))
    }

    @Test("of two agents with one id the first counts")
    func repeatedID() {
        let catalog = AgentCatalog(
            agents: [Sample.agent("a"), Sample.agent("a", exec: false)], defaultAgentID: "a")
        #expect(catalog["a"]?.exec != nil)
    }
}
