internal import Wire

/// The checks of a spawn, one by one, for somebody who wants to know why.
extension SpawnPolicy {
    package struct Step: Equatable, Sendable {
        package enum Verdict: String, Sendable {
            case passed, refused
            /// An earlier rule has refused.
            case notReached = "not-reached"
        }

        package let rule: SpawnRule
        package let verdict: Verdict
        package let fact: String
        /// Keys that decide it, below `agents.defaults` where an agent may have its own.
        package let keys: [String]
    }

    package struct Explanation: Equatable, Sendable {
        package let steps: [Step]
        package let runtime: SpawnRequest.Runtime
        package let agentID: String?
        package let refusal: SpawnRefusal?
    }

    package static func explain(
        _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) -> Explanation {
        let runtime = runtime(of: request, from: requester, catalog: catalog)
        let target = target(of: request, runtime, from: requester, catalog: catalog)
        var refusal: SpawnRefusal?
        do throws(SpawnRefusal) {
            _ = try check(request, from: requester, catalog: catalog)
        } catch {
            refusal = error
        }
        let facts = Facts(request: request, requester: requester, catalog: catalog, target: target)
        var isOver = false
        let rules =
            switch runtime {
            case .subagent: nativeRules
            case .local: nativeRules + [localPool]
            case .acp: acpRules
            }
        let steps = rules.map { rule in
            let verdict: Step.Verdict =
                isOver ? .notReached : rule.name == refusal?.rule ? .refused : .passed
            isOver = isOver || verdict == .refused
            return Step(rule: rule.name, verdict: verdict, fact: rule.fact(facts), keys: rule.keys)
        }
        return Explanation(steps: steps, runtime: runtime, agentID: target, refusal: refusal)
    }

    private struct Facts {
        let request: SpawnRequest
        let requester: Requester
        let catalog: AgentCatalog
        let target: String?

        var limits: SpawnLimits { catalog.limits(of: requester.agentID) }
        var agent: AgentDefinition? { target.flatMap { catalog[$0] } }
    }

    private struct Rule: Sendable {
        let name: SpawnRule
        let keys: [String]
        let fact: @Sendable (Facts) -> String

        init(_ name: SpawnRule, _ keys: [String] = [], _ fact: @escaping @Sendable (Facts) -> String) {
            self.name = name
            self.keys = keys
            self.fact = fact
        }
    }

    private static let own = "agents.defaults.subagents."

    private static let depth = Rule(.maxSpawnDepth, [own + "maxSpawnDepth"]) {
        "depth \($0.requester.depth) of at most \($0.limits.maxSpawnDepth)"
    }
    private static let children = Rule(.maxChildren, [own + "maxChildrenPerAgent"]) {
        "\($0.requester.activeChildren) of at most \($0.limits.maxChildrenPerAgent) children have not ended"
    }
    private static let allowed = Rule(.allowAgents, [own + "allowAgents", own + "allowSelf"]) { facts in
        if facts.target == facts.requester.agentID {
            return "its own agent, which is \(facts.limits.allowSelf ? "" : "not ")allowed"
        }
        let names = facts.limits.allowAgents
        return "allowed: \(names.isEmpty ? "none but its own" : names.joined(separator: ", "))"
    }
    private static let isolation = ["agents.defaults.isolation"]

    private static func sandbox(_ facts: Facts) -> String {
        let kind = facts.agent?.isolation.kind.rawValue ?? "unknown"
        return "isolation of the target: \(kind); asked for: \(facts.request.sandbox.rawValue); the requester "
            + (facts.requester.isSandboxed ? "is isolated" : "is not isolated")
    }

    private static let nativeRules = [
        Rule(.agentID) { $0.request.agentID ?? "none is named" },
        Rule(.mode) { $0.request.mode.rawValue },
        depth, children,
        Rule(.requireAgentID, [own + "requireAgentId"]) { facts in
            facts.request.agentID == nil ? "none is named" : "one is named"
        },
        allowed,
        Rule(.spawnParams) { _ in "what only runtime acp takes" },
        Rule(.fork) { "context \($0.request.context.rawValue)" },
        Rule(.sandbox, isolation, sandbox),
        Rule(.thread) { $0.request.isThread ? "asked for" : "not asked for" },
        Rule(.agentConfigured, ["agents.list"]) { $0.agent == nil ? "not configured" : "configured" },
        Rule(.agentExec, ["agents.list"]) { $0.agent?.exec == nil ? "no command" : "a command" },
    ]

    private static let localPool = Rule(.localPool, ["agents.list", "agents.defaults.pool"]) { facts in
        facts.agent?.pool.map { "its runs go to pool \($0)" } ?? "its runs go to no pool"
    }

    private static let acpRules = [
        Rule(.acpDisabled, ["acp.enabled"]) { $0.catalog.acp.isEnabled ? "enabled" : "disabled" },
        Rule(.requesterSessionRequired) { $0.requester.hasSession ? "there is a session" : "there is no session" },
        Rule(.runtimePolicy, isolation, sandbox),
        Rule(.targetAgentRequired, ["acp.defaultAgent"]) { $0.target ?? "no agent" },
        Rule(.agentID) { $0.target ?? "no agent" },
        Rule(.runtimeAgentMismatch, ["agents.list"]) { facts in
            facts.agent.map { $0.acp == nil ? "it does not speak ACP" : "it speaks ACP" } ?? "not configured"
        },
        Rule(.agentForbidden, ["acp.allowedAgents"]) { facts in
            let names = facts.catalog.acp.allowedAgents
            return "allowed: \(names.isEmpty ? "any" : names.joined(separator: ", "))"
        },
        depth, children, allowed,
        Rule(.maxACPSessions, ["acp.maxConcurrentSessions"]) { facts in
            "\(facts.requester.activeACPSessions) active of at most "
                + (facts.catalog.acp.maxConcurrentSessions.map { "\($0)" } ?? "any number")
        },
        Rule(.spawnFailed, ["agents.list"]) { $0.agent?.acp == nil ? "no ACP command" : "an ACP command" },
        Rule(.cwdResolutionFailed, ["agents.list"]) { facts in
            facts.request.acp.workingDirectory == nil ? "as configured" : "named by the caller"
        },
        Rule(.fork) { "context \($0.request.context.rawValue)" },
        Rule(.acpAttachments) { "\($0.request.attachments.files.count) files" },
        Rule(.threadBindingInvalid) { $0.request.isThread ? "asked for" : "not asked for" },
    ]
}
