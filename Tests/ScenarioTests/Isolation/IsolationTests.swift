import Client
import Files
import Foundation
import JSON
import Testing

/// Hostile commands under each isolation: what they cannot do, what they still can, and what is left of them.
@Suite("Isolation of agent commands")
struct IsolationTests {
    private static func gateway(
        _ isolation: String, _ agents: [GatewayConfiguration.Agent], token: String = "my-token"
    ) throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.gateway = configuration.gateway.replacing("my-token", with: token)
        configuration.agents = agents.map { agent in
            var agent = agent
            if agent.more.isEmpty { agent.more = "isolation: \(isolation)" }
            return agent
        }
        return try GatewayProcess(configuration.text, environment: IsolationStage.engineEnvironment)
    }

    private static func facts(_ text: String) -> [String: String] {
        Dictionary(
            text.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
            }, uniquingKeysWith: { $1 })
    }

    private static func requireNothingLeft(_ gateway: GatewayProcess) throws {
        let shared = Files.names(in: "/run/sallyport-runs").flatMap { name in
            Files.names(in: "/run/sallyport-runs/" + name).map { "/run/sallyport-runs/\(name)/\($0)" }
        }
        let ours = contents(of: gateway.state.path + "/identity/gateway.json")
        let id = (try? JSONParser.parse(Array(ours.utf8)))?["deviceId"]?.string ?? "?"
        #expect(shared.filter { $0.contains("/" + id.prefix(16) + "/") } == [])
    }

    @Test("a hostile command learns nothing, approves nothing, and works all the same", arguments: IsolationStage.cases)
    func hostile(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let gateway = try Self.gateway(
                isolation.setting,
                [
                    .running("main"),
                    // Two at a time, so that there is a sibling to look for.
                    .init(
                        id: "hostile", command: ["/bin/sh", "-c", "sleep 1; " + IsolationStage.hostile, "sh", "{task}"]),
                ])
            let owner = try await gateway.owner()
            let first = try owner.spawn(gateway.state.path, agent: "hostile")
            let second = try owner.spawn(gateway.state.path, agent: "hostile")
            for run in [first, second] {
                let result = try owner.result(of: run)
                let facts = Self.facts(result["text"]?.string ?? "")
                for attempt in [
                    "rootkey", "store", "token", "tlskey", "plant", "ownersocket", "processes", "host", "kernel",
                ] {
                    #expect(facts[attempt] == "no", "\(isolation): \(attempt): \(result)")
                }
                for need in ["identity", "certificate", "bundle", "work", "home"] {
                    #expect(facts[need] == "yes", "\(isolation): \(need): \(result)")
                }
                #expect(facts["siblings"] == "no", "\(isolation): \(result)")
                if isolation.description != "container", Self.isReachable(Program.path) {
                    #expect(facts["sessions"] == "yes", "\(isolation): \(result)")
                }
                if geteuid() == 0 { #expect(facts["uid"] == "\(IsolationStage.userID)") }
            }
            owner.close()
            try gateway.stop()
            try Self.requireNothingLeft(gateway)
        }
    }

    @Test("without isolation all of it works, and the start says so")
    func open() async throws {
        try await scenario {
            let gateway = try Self.gateway(
                "\"none\"", [.init(id: "hostile", command: ["/bin/sh", "-c", IsolationStage.hostile, "sh", "{task}"])])
            let line = try gateway.waitForLog("WARN", "agents.defaults.isolation", "hostile")
            #expect(line.contains("root key") && line.contains("approve devices"))
            let owner = try await gateway.owner()
            let result = try owner.result(of: try owner.spawn(gateway.state.path, agent: "hostile"))
            let facts = Self.facts(result["text"]?.string ?? "")
            for attempt in ["rootkey", "store", "token", "tlskey", "plant", "ownersocket", "processes"] {
                #expect(facts[attempt] == "yes", "\(attempt): \(result)")
            }
            let status = try owner.request("status")
            #expect(status["warnings"]?.array?.contains { $0.string?.contains("isolation") == true } == true)
            let agents = try owner.request("agents.list")["agents"]?.array ?? []
            #expect(agents.first?["isolation"]?.string == "none")
            Files.remove("/etc/sallyport-was-here")
            owner.close()
            try gateway.stop()
        }
    }

    /// A shell that leaves two processes behind: one of a session of its own, one that has forgotten where it comes from.
    private static let escape = #"""
        setsid sh -c "sleep $1 & exec sleep $1" >/dev/null 2>&1 &
        env -i /bin/sh -c "(sleep $1 &) ; exec sleep $1" >/dev/null 2>&1 &
        sleep 0.3; echo done
        """#

    @Test(
        "what forks twice, leaves its session or its environment does not outlive its run",
        arguments: [IsolationStage.Case(description: "none", setting: "\"none\"", problem: nil)] + IsolationStage.cases)
    func escapees(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let mark = "600.\(UInt32.random(in: 100_000...999_999))"
            let gateway = try Self.gateway(
                isolation.setting,
                [.init(id: "main", command: ["/bin/sh", "-c", Self.escape, "sh", "{task}"], stdin: "none")])
            let owner = try await gateway.owner()
            let result = try owner.result(of: try owner.spawn(mark))
            #expect(result["text"]?.string == "done\n", "\(result)")
            try eventually("nothing of the command is left") { Self.processes(with: mark).isEmpty }
            owner.close()
            try gateway.stop()
            try Self.requireNothingLeft(gateway)
        }
    }

    @Test("a run that is killed ends with all that it started", arguments: IsolationStage.cases)
    func killed(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let mark = "600.\(UInt32.random(in: 100_000...999_999))"
            let gateway = try Self.gateway(isolation.setting, [.running("main")])
            let owner = try await gateway.owner()
            let run = try owner.spawn("trap '' TERM; (sleep \(mark) &); sleep \(mark)")
            try eventually("the command runs") { Self.processes(with: mark).count >= 2 }
            #expect(try gateway.cli.run("sessions", "kill", run.sessionKey).exitCode == 0)
            #expect(try owner.result(of: run)["status"]?.string == "killed")
            try eventually("nothing of the command is left", within: .seconds(20)) {
                Self.processes(with: mark).isEmpty
            }
            owner.close()
            try gateway.stop()
            try Self.requireNothingLeft(gateway)
        }
    }

    @Test("a worker that is killed leaves nothing of an isolated command", arguments: IsolationStage.cases)
    func workerKilled(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let mark = "600.\(UInt32.random(in: 100_000...999_999))"
            let gateway = try Self.gateway(isolation.setting, [.running("main")])
            let owner = try await gateway.owner()
            let run = try owner.spawn("sleep \(mark)")
            try eventually("the command runs") { !Self.processes(with: mark).isEmpty }
            _ = Foundation.kill(try gateway.worker(), SIGKILL)
            #expect(try owner.result(of: run)["status"]?.string == "lost")
            try eventually("nothing of the command is left", within: .seconds(20)) {
                Self.processes(with: mark).isEmpty
            }
            owner.close()
            try gateway.stop()
            try Self.requireNothingLeft(gateway)
        }
    }

    @Test("umask, limits, variables and directory are as configured, with isolation and without")
    func options() async throws {
        try await scenario {
            let options =
                "umask: \"027\", rlimits: { nofile: 77, fsize: 4096, cpu: 50 }, env: [\"PATH\"], cwd: \"/usr\""
            var agents = [
                GatewayConfiguration.Agent(
                    id: "main",
                    command: ["/bin/sh", "-c", "umask; ulimit -n; ulimit -f; ulimit -t; pwd; echo ${LANG-unset}"],
                    stdin: "none", more: "isolation: { type: \"none\", \(options) }")
            ]
            let isUser = IsolationStage.uid.problem == nil
            if isUser {
                agents.append(
                    .init(
                        id: "user", command: agents[0].command, stdin: "none",
                        more: "isolation: { type: \"uid\", user: \(IsolationStage.userID), gid: 9, \(options) }"))
            }
            let gateway = try Self.gateway("\"none\"", agents)
            let owner = try await gateway.owner()
            for agent in agents {
                let result = try owner.result(of: try owner.spawn("x", agent: agent.id))
                #expect(result["text"]?.string == "0027\n77\n8\n50\n/usr\nunset\n", "\(agent.id): \(result)")
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test("a program that is not there is said to be missing, also under isolation", arguments: IsolationStage.cases)
    func missingProgram(_ isolation: IsolationStage.Case) async throws {
        guard isolation.problem == nil, isolation.description != "container" else { return }
        try await scenario {
            let gateway = try Self.gateway(isolation.setting, [.init(id: "main", command: ["no-such-program-here"])])
            let owner = try await gateway.owner()
            let result = try owner.result(of: try owner.spawn("x"))
            #expect(result["exitCode"]?.integer == 127)
            #expect(result["cause"]?.string?.contains("no-such-program-here") == true, "\(result)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test("no secret stands in an argument of any process, in the log or in an event", arguments: IsolationStage.cases)
    func secrets(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let shared = "shared-secret-\(UInt32.random(in: 100_000...999_999))"
            let gateway = try Self.gateway(
                isolation.setting,
                [.shell("main", "echo got-$OPENCLAW_GATEWAY_TOKEN-; sleep 600")], token: shared)
            var options = gateway.options()
            options.token = shared
            options.scopes = ["operator.admin"]
            let owner = try await gateway.connect(options)
            let run = try owner.spawn("x")
            // The command tells its own token, which is the only way to learn it.
            let text = try eventually("the command speaks") {
                while let message = try owner.nextMessage(timeout: .milliseconds(100)) {
                    guard case .event("agent", let payload, _) = message, payload["runId"]?.string == run.runID,
                        let delta = payload["data"]?["delta"]?.string, delta.contains("got-")
                    else { continue }
                    return delta
                }
                return nil as String?
            }
            let token = try #require(text.split(separator: "\n").first).dropFirst(4).dropLast()
            #expect(token.count > 20 && token != shared)
            for pid in Files.names(in: "/proc") where Int32(pid) != nil {
                let words = contents(of: "/proc/\(pid)/cmdline")
                #expect(!words.contains(token) && !words.contains(shared), "process \(pid)")
            }
            _ = try gateway.cli.run("sessions", "kill", run.sessionKey, "--token", shared)
            var events: [JSON] = []
            _ = try owner.result(of: run)
            while case .event(_, let payload, _)? = try owner.nextMessage(timeout: .milliseconds(200)) {
                events.append(payload)
            }
            #expect(!events.contains { "\($0)".contains(token) && !"\($0)".contains("got-") })
            owner.close()
            try gateway.stop()
            #expect(!gateway.log.contains(token) && !gateway.log.contains(shared))
        }
    }

    @Test(
        "what an ACP agent has its client do is behind its isolation too",
        arguments: [IsolationStage.uid, IsolationStage.bubblewrap])
    func acp(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            // The gateway's directory is below the agent's: only what hides it stands between them.
            let work = try TemporaryDirectory()
            let state = try TemporaryDirectory()
            unsafe chmod(work.path, 0o777)
            var configuration = GatewayConfiguration()
            var agent = GatewayConfiguration.Agent.acp(
                "main", ["/bin/sh", "-c", Self.agent, "sh", state.path, work.path],
                "cwd: \"/tmp\", permissionMode: \"approve-all\"")
            agent.more = "isolation: \(isolation.setting)"
            configuration.agents = [agent]
            let gateway = try GatewayProcess(configuration.text, state: state)
            let owner = try await gateway.owner()
            let result = try owner.result(of: try owner.spawn("x", agent: "main", [("runtime", "acp")]))
            let facts = Self.facts(result["text"]?.string ?? "")
            #expect(
                facts == [
                    "rootkey": "no", "plant": "no", "create": "yes", "terminal": "no", "mine": "yes", "again": "yes",
                ], "\(result)")
            #expect(!Files.exists(state.path + "/run/planted"))
            #expect(contents(of: work.path + "/mine") == "x")
            owner.close()
            try gateway.stop()
        }
    }

    /// An ACP agent that asks its client for what it may not have. Arguments: the gateway's directory, and one of its own.
    private static let agent = #"""
        say() { printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"%s\\n"}}}}\n' "$1"; }
        put() { printf '{"jsonrpc":"2.0","id":"%s","method":"%s","params":{"sessionId":"s",%s}}\n' "$1" "$2" "$3"; read -r answer; }
        ask() { put "$@"; case $answer in *'"error"'*) say "$1=no";; *) say "$1=yes";; esac; }
        read -r _; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentCapabilities":{}}}'
        read -r _; echo '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s"}}'
        read -r _
        ask rootkey fs/read_text_file "\"path\":\"$1/identity/gateway.json\""
        ask plant fs/write_text_file "\"path\":\"$1/run/planted\",\"content\":\"x\""
        ask create terminal/create "\"command\":\"head\",\"args\":[\"-c\",\"1\",\"$1/identity/gateway.json\"]"
        put wait terminal/wait_for_exit '"terminalId":"term-1"'
        case $answer in *'"exitCode":0'*) say terminal=yes;; *) say terminal=no;; esac
        ask mine fs/write_text_file "\"path\":\"$2/mine\",\"content\":\"x\""
        ask again fs/read_text_file "\"path\":\"$2/mine\""
        echo '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}'
        """#

    // MARK: - Looking

    private static func processes(with word: String) -> [String] {
        Files.names(in: "/proc").filter { Int32($0) != nil }.filter { pid in
            contents(of: "/proc/\(pid)/cmdline").split(separator: "\0").contains { $0 == word }
        }
    }

    /// Whether any user can run it: what is built in somebody's home directory cannot be.
    private static func isReachable(_ path: String) -> Bool {
        var directory = path
        while directory.count > 1 {
            var status = stat()
            guard unsafe stat(directory, &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
            directory = Files.parent(of: directory)
        }
        return true
    }
}
