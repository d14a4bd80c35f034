import Config
import Testing

@Suite("ACP agents")
struct ACPAgentTests {
    private func agent(_ members: String, _ id: String = "a") throws -> AgentSettings {
        try #require(try loaded(members, environment: ["HOME": "/home/u"]).agent(id))
    }

    @Test("command, directory and permission mode of an agent")
    func own() throws {
        let acp = try agent(
            """
            agents:{list:[{id:'a',runtime:{type:'acp',acp:{command:['/bin/coder',''],cwd:'~/code',
              permissionMode:'approve-all',backend:'acpx'}}}]}
            """
        ).acp
        #expect(acp?.command == ["/bin/coder", ""])
        #expect(acp?.cwd == "/home/u/code")
        #expect(acp?.permissionMode == .approveAll)
        #expect(
            try agent("agents:{entries:{a:{runtime:{type:'acp',acp:{command:['x']}}}}}").acp?.permissionMode
                == .approveReads)
        #expect(try agent("agents:{list:[{id:'a',exec:{command:['x']}}]}").acp == nil)
        #expect(try agent("agents:{list:[{id:'a',runtime:{type:'embedded'}}]}").acp == nil)
    }

    private static let plugin = """
        plugins:{entries:{acpx:{config:{permissionMode:'deny-all',agents:{
          codex:{command:'codex-acp',args:['--fast']},gemini:{command:['gemini','--acp']}}}}}}
        """

    @Test("what OpenClaw's plugin calls an agent is one, behind those that are written")
    func harnesses() throws {
        let configuration = try loaded(Self.plugin)
        #expect(configuration.agents.map(\.id) == ["main", "codex", "gemini"])
        #expect(configuration.defaultAgentID == "main")
        #expect(configuration.agent("codex")?.acp?.command == ["codex-acp", "--fast"])
        #expect(configuration.agent("codex")?.acp?.permissionMode == .denyAll)
        #expect(configuration.agent("codex")?.exec == nil)
        #expect(configuration.agent("gemini")?.acp?.command == ["gemini", "--acp"])
        #expect(
            try loaded("plugins:{entries:{acpx:{enabled:false,config:{agents:{x:{command:'x'}}}}}}").agents.count == 1)
    }

    @Test("an agent runs the harness that it names, or the one of its own name")
    func named() throws {
        let acp = try agent(
            "\(Self.plugin),agents:{list:[{id:'a',runtime:{type:'acp',acp:{agent:'codex',permissionMode:'forward'}}}]}"
        ).acp
        #expect(acp?.command == ["codex-acp", "--fast"])
        #expect(acp?.permissionMode == .forward)
        let same = try loaded("\(Self.plugin),agents:{list:[{id:'codex',runtime:{type:'acp'}}]}")
        #expect(same.agents.map(\.id) == ["codex", "gemini"])
        #expect(same.agent("codex")?.acp?.command == ["codex-acp", "--fast"])
    }

    @Test("an agent that nothing says how to start is warned of, with what to set")
    func unknown() throws {
        let found = problems("agents:{list:[{id:'a',runtime:{type:'acp',acp:{agent:'codex'}}}]}")
        #expect(found.map(\.path) == ["agents.list[0].runtime.acp.command"])
        #expect(found.first?.remedy?.contains("plugins.entries.acpx.config.agents.codex.command") == true)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            (
                "agents:{list:[{id:'a',runtime:{type:'acp',acp:{command:'coder'}}}]}",
                "agents.list[0].runtime.acp.command"
            ),
            (
                "agents:{list:[{id:'a',runtime:{type:'acp',acp:{command:['x'],permissionMode:'yes'}}}]}",
                "agents.list[0].runtime.acp.permissionMode"
            ),
            (
                "agents:{list:[{id:'a',runtime:{type:'acp',acp:{command:['x'],comand:['y']}}}]}",
                "agents.list[0].runtime.acp.comand"
            ),
            (
                "plugins:{entries:{acpx:{config:{agents:{x:{command:7}}}}}}",
                "plugins.entries.acpx.config.agents.x.command"
            ),
        ])
    func wrong(_ members: String, _ path: String) {
        #expect(problems(members).map(\.path) == [path])
    }
}
