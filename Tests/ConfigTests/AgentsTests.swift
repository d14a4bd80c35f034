import Config
import JSON
import Testing

@Suite("Agents")
struct AgentsTests {
    @Test("a local agent is in no pool, whatever the defaults say; its own pool is a mistake")
    func local() throws {
        let configuration = try loaded(
            """
            agents: { defaults: { pool: "gpu", exec: { command: ["/bin/agent"] } },
              list: [{ id: "here", runtime: { type: "local" } }, { id: "there" }] }
            """)
        #expect(configuration.agent("here")?.isLocal == true && configuration.agent("here")?.pool == nil)
        #expect(configuration.agent("there")?.isLocal == false && configuration.agent("there")?.pool == "gpu")
        let found = problems(
            "agents:{list:[{id:'a',pool:'gpu',exec:{command:['x']},runtime:{type:'local'}}]}")
        #expect(found.map(\.path) == ["agents.list[0].pool"])
    }

    @Test("list and entries are both read, with the defaults under them")
    func agents() throws {
        let configuration = try loaded(
            """
            agents: {
              defaults: { exec: { command: ["/bin/agent", "--run", ""] }, cwd: "~/work", env: { A: "1", B: "1" },
                subagents: { maxConcurrent: 4, allowAgents: ["beta"], archiveAfterMinutes: 0 } },
              list: [
                { id: "alpha", name: "Alpha", workspace: "~/a", model: "x", env: { B: "2" },
                  subagents: { allowAgents: ["*"], runTimeoutSeconds: 90, gatewayUrl: "wss://172.18.0.2:3000" } },
                { id: "beta", default: true, exec: { command: ["/bin/cat"], stdin: "none" }, cwd: "/srv" },
              ],
              entries: { gamma: { runtime: { type: "acp", acp: { agent: "codex", cwd: "${DIR}" } } } },
            }
            """, environment: ["HOME": "/home/u", "DIR": "/d"])
        #expect(configuration.agents.map(\.id) == ["alpha", "beta", "gamma"])
        #expect(configuration.defaultAgentID == "beta")

        let alpha = try #require(configuration.agent("alpha"))
        #expect(alpha.name == "Alpha")
        #expect(alpha.exec == configuration.agentDefaults.exec)
        #expect(alpha.exec?.command == ["/bin/agent", "--run", ""])
        #expect(alpha.exec?.standardInput == .task)
        #expect(alpha.cwd == "/home/u/work")
        #expect(alpha.workspace == "/home/u/a")
        #expect(alpha.environment == ["A": "1", "B": "2"])
        #expect(alpha.subagents.maxConcurrent == 4)
        #expect(alpha.subagents.allowAgents == ["*"])
        #expect(alpha.subagents.runTimeout == .seconds(90))
        #expect(alpha.subagents.archiveAfter == nil)
        #expect(alpha.subagents.gatewayURL == "wss://172.18.0.2:3000")

        let beta = try #require(configuration.agent("beta"))
        #expect(beta.exec?.command == ["/bin/cat"])
        #expect(beta.exec?.standardInput == ExecSettings.StandardInput.none)
        #expect(beta.cwd == "/srv")
        #expect(beta.subagents == configuration.agentDefaults.subagents)

        let gamma = try #require(configuration.agent("gamma"))
        #expect(gamma.runtime == ["type": "acp", "acp": ["agent": "codex", "cwd": "/d"]])
        #expect(gamma.acp == nil, "nothing says how to start it")
        #expect(configuration.agent("delta") == nil)
        #expect(
            configuration.source(of: "agents.list[0].subagents.allowAgents") == .file(path: "/c/openclaw.json", line: 6)
        )
        #expect(!configuration.effective.contains { $0.path == "agents.list[1].subagents.allowAgents" })
    }

    @Test("without a mark the first agent is the default, whatever its name")
    func firstIsDefault() throws {
        #expect(try loaded("agents:{list:[{id:'x'},{id:'main'}]}").defaultAgentID == "x")
        #expect(try loaded("agents:{entries:{y:{}}}").defaultAgentID == "y")
        #expect(try loaded("agents:{list:[]}").defaultAgentID == "main")
    }

    @Test("of two defaults the first is used, with a warning")
    func twoDefaults() throws {
        let members = "agents:{list:[{id:'a'},{id:'b',default:true},{id:'c',default:true}]}"
        #expect(problems(members).map(\.path) == ["agents.list[2]"])
        #expect(try loaded(members).defaultAgentID == "b")
    }

    @Test(
        "ids follow the pattern",
        arguments: ["a", "0", "a-b_c", "finance-financial-forecaster", String(repeating: "a", count: 64)])
    func validIDs(_ id: String) { #expect(AgentSettings.isValidID(id)) }

    @Test(
        "other ids do not",
        arguments: ["", "A", "-a", "_a", "a b", "a.b", "é", "a\n", String(repeating: "a", count: 65)])
    func invalidIDs(_ id: String) { #expect(!AgentSettings.isValidID(id)) }

    @Test("an id that is nearly right is offered")
    func similarID() {
        #expect(problems("agents:{list:[{id:'Main Agent'}]}").first?.remedy == "write \"main-agent\"")
        #expect(problems("agents:{defaults:{exec:{command:'ls -l'}}}").first?.remedy == #"write command: ["ls","-l"]"#)
    }

    @Test("agentDefaults is a second name; the first wins where both say something else")
    func alias() throws {
        let members =
            "agentDefaults:{subagents:{maxConcurrent:2,maxSpawnDepth:2}},agents:{defaults:{subagents:{maxConcurrent:3}}}"
        let subagents = try loaded(members).agentDefaults.subagents
        #expect(subagents.maxConcurrent == 3)
        #expect(subagents.maxSpawnDepth == 2)
        #expect(problems(members).map(\.severity) == [.warning])
        let source = try loaded("\nagentDefaults:{subagents:{maxConcurrent:2}}").source(
            of: "agents.defaults.subagents.maxConcurrent")
        #expect(source == .file(path: "/c/openclaw.json", line: 2))
    }

    @Test("credential and scopes are read")
    func credential() throws {
        let subagents = try loaded(
            "agents:{defaults:{subagents:{credential:'inherit',scopes:['operator.read','operator.write']}}}"
        ).agentDefaults.subagents
        #expect(subagents.credential == .inherit)
        #expect(subagents.scopes == ["operator.read", "operator.write"])
    }
}
