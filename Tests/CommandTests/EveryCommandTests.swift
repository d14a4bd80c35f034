import Agents
import Files
import JSON
import Testing

/// Each command of the table against a gateway: what it prints as JSON when all is well, and one way to fail. A command
/// that is new has to be here too.
struct EveryCommandTests {
    private static let configuration = """
        {
          gateway: { mode: "local", tls: { enabled: true } },
          agents: {
            defaults: { subagents: { allowAgents: ["echo"] } },
            list: [
              { id: "main", default: true, exec: { command: ["cat"] } },
              { id: "echo", exec: { command: ["echo", "{task}"], stdin: "none" } },
            ],
          },
        }
        """

    private struct Row {
        let command: String
        /// What follows the command, with {names} of what earlier rows have made; nil: see `because`.
        var words: [String]?
        /// Members that the answer has to have.
        var members: [String] = []
        /// Keeps the member of the answer for later rows.
        var keeps: (name: String, member: String)?
        /// Why it does not succeed here, but in ``PreparedCommandTests``.
        var because: String?
        /// What follows it in the failing call.
        let failing: [String]
        let kind: String

        /// Commands that talk to a gateway fail where there is none.
        init(
            _ command: String, _ words: String = "", has members: String = "", keeps: (String, String)? = nil,
            failing: String? = nil, kind: String = "gateway_transport_error"
        ) {
            self.command = command
            self.words = words.split(separator: " ").map(String.init)
            self.members = members.split(separator: " ").map(String.init)
            self.keeps = keeps
            self.failing = (failing ?? words + " --url ws://127.0.0.1:1 --token x").split(separator: " ").map(
                String.init)
            self.kind = kind
        }

        init(_ command: String, because: String, failing: String, kind: String = "usage_error") {
            self.command = command
            self.because = because
            self.failing = failing.split(separator: " ").map(String.init)
            self.kind = kind
        }
    }

    /// It has an answer of its own for what is wrong, and an exit code.
    private static let own = ""
    private static let id = "00000000-0000-4000-8000-000000000000"

    private static let rows: [Row] = [
        Row("gateway status", has: "ok url health status pid"),
        Row("gateway health", has: "ok"),
        Row("gateway probe", has: "ok capability targets", failing: "--ssh user@host", kind: "usage_error"),
        Row("gateway call", "health", has: "ok"),
        Row("doctor", has: "ok findings", failing: "--config /nonexistent/c.json", kind: own),
        Row("logs", has: "lines"),
        Row(
            "sessions_spawn", "--agent echo -- hello", has: "childSessionKey runId",
            keeps: ("child", "childSessionKey"),
            failing: "--agent echo --url ws://127.0.0.1:1 --token x -- hello"),
        Row("sessions list", has: "sessions"),
        Row("sessions send", "main -- hello", failing: "main --url ws://127.0.0.1:1 --token x -- hello"),
        Row("sessions history", "main"),
        Row("sessions tail", "main"),
        Row(
            "sessions kill", because: "nothing runs",
            failing: "no-such-session --timeout x"),
        Row("agents list", has: "agents"),
        Row("pairing list", has: "requests", failing: "--timeout", kind: "usage_error"),
        Row("devices list", has: "paired", keeps: ("device", "paired")),
        Row("devices approve", because: "nobody waits", failing: "\(id)", kind: "gateway_request_error"),
        Row("devices reject", because: "nobody waits", failing: "\(id)", kind: "gateway_request_error"),
        Row("devices rotate", "--device {device}", failing: "--device ffff", kind: "gateway_request_error"),
        Row(
            "devices revoke", because: "what comes later needs the device", failing: "--device ffff",
            kind: "gateway_request_error"),
        Row(
            "devices remove", because: "what comes later needs the device", failing: "ffffffffffff",
            kind: "gateway_request_error"),
        Row("devices enroll", has: "token"),
        Row("qr", "--public-url wss://gateway.example:18789", has: "setupCode gatewayUrl"),
        Row("auth lockouts", has: "lockouts"),
        Row("auth unlock", has: "unlocked"),
        Row("approvals list"),
        Row("approvals resolve", because: "nobody asks", failing: "\(id) deny", kind: "gateway_request_error"),
        Row("cron add", "--name x --every 1h --message hello", has: "id", keeps: ("job", "id")),
        Row("cron list", has: "jobs"),
        Row("cron status", has: "enabled"),
        Row("cron show", "{job}", has: "id", failing: "none", kind: "gateway_request_error"),
        Row("cron run", "{job}", has: "runId", failing: "none", kind: "gateway_request_error"),
        Row("cron runs", has: "total"),
        Row("cron disable", "{job}", failing: "none", kind: "gateway_request_error"),
        Row("cron enable", "{job}", failing: "none", kind: "gateway_request_error"),
        Row("cron rm", "{job}", failing: "none", kind: own),
        Row("config show", failing: "--config /nonexistent/c.json", kind: "configuration_error"),
        Row("config get", "gateway.port", failing: "no.such.key", kind: "command_error"),
        Row("config set", "cron.maxConcurrentRuns 2", failing: "gateway.port abc", kind: "configuration_error"),
        Row("config unset", "cron.maxConcurrentRuns", failing: "gateway.mode", kind: "configuration_error"),
        Row("config validate", has: "valid", failing: "--config /nonexistent/c.json", kind: own),
        Row("config schema", has: "properties", failing: "no.such.key", kind: "command_error"),
        Row("config file", failing: "--config", kind: "usage_error"),
        Row("explain", "--from 172.18.0.1 --device new", has: "outcome"),
        Row("explain spawn", "--agent echo", has: "outcome"),
        Row(
            "explain error", "PAIRING_REQUIRED", has: "code sentence rule remedy", failing: "NO_SUCH_THING",
            kind: "usage_error"),
        Row("backup", "--output {sandbox}/backup", failing: "--output {sandbox}", kind: "configuration_error"),
        Row("import", because: "the gateway must not run", failing: "", kind: "usage_error"),
        Row("tls fingerprint", has: "certificateSHA256"),
        Row("tls show", has: "certificateSHA256", failing: "--config /nonexistent/c.json", kind: "configuration_error"),
        Row(
            "tls export", because: "it prints PEM", failing: "--config /nonexistent/c.json", kind: "configuration_error"
        ),
        Row("tls rotate", "--overlap 1h", failing: "--now --cancel", kind: "usage_error"),
        Row("workers list", has: "pools workers"),
        Row("workers drain", because: "nobody works", failing: "nobody", kind: "gateway_request_error"),
        Row("devices clear", "", failing: "--pending --url ws://127.0.0.1:1 --token x --yes"),
        Row("version", has: "version", failing: "too many words", kind: "usage_error"),
        Row(
            "gateway install", because: "it changes this host", failing: "extra"),
        Row("gateway uninstall", because: "it changes this host", failing: "extra", kind: "usage_error"),
        Row(
            "gateway restart", "--safe", has: "ok pid url", failing: "--config /nonexistent/c.json",
            kind: "configuration_error"),
        Row("gateway start", has: "ok result", failing: "extra", kind: "usage_error"),
        Row("gateway stop", has: "ok result", failing: "extra", kind: "usage_error"),
    ]

    /// Those that print no JSON, with a wrong use of each.
    private static let withoutJSON: [String: [String]] = [
        "gateway run": ["--port", "x"], "mcp": ["extra"], "acp": ["extra"], "worker": ["--pool", "X Y"],
        "completions": ["csh"], "man": ["no", "such"], "tls export": ["--config", "/nonexistent/c.json"],
    ]

    @Test func eachCommandIsInTheTable() throws {
        let commands = try HelpTests.commands(Sandbox())
        let known = Set(Self.rows.map(\.command) + Self.withoutJSON.keys)
        #expect(Set(commands).subtracting(known).isEmpty, "new commands need a row here")
        #expect(known.subtracting(commands).isEmpty, "rows of commands that are no more")
        let elsewhere = Set(Self.rows.filter { $0.because != nil }.map(\.command)).subtracting(Self.withoutJSON.keys)
        #expect(elsewhere == Set(PreparedCommandTests.rows.map(\.command)), "each succeeds here or there")
    }

    @Test func eachPrintsJSONWhenAllIsWell() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        var kept = ["sandbox": sandbox.path]
        // So that there is a device.
        #expect(try sandbox.run("agents", "list").exitCode == 0)
        for row in Self.rows where row.because == nil {
            let words = (row.words ?? []).map { Self.filled($0, kept) }
            let dashes = words.firstIndex(of: "--") ?? words.count
            let line =
                row.command.split(separator: " ").map(String.init) + words[..<dashes] + ["--json"] + words[dashes...]
            let outcome = try sandbox.run(line)
            #expect(outcome.exitCode == 0, "\(line): \(outcome.errors)\(outcome.output)")
            // `sessions tail` prints a line of JSON for each message.
            let text =
                row.command == "sessions tail"
                ? outcome.output.split(separator: "\n").first.map(String.init) ?? "{}" : outcome.output
            let answer = try? JSONParser.parse(Array(text.utf8))
            #expect(answer != nil, "\(line): \(outcome.output)")
            for member in row.members { #expect(answer?[member] != nil, "\(line): \(member) in \(outcome.output)") }
            if let (name, member) = row.keeps {
                let value = answer?[member]
                kept[name] = value?.string ?? value?.array?.first?["deviceId"]?.string
            }
        }
        // `gateway stop` was the last, so this only waits.
        _ = try Sandbox.eventually("the gateway's end") { gateway.child.reap() }
    }

    private static func filled(_ word: String, _ kept: [String: String]) -> String {
        kept.reduce(word) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    @Test func eachFailsInJSONToo() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let codes = try ErrorCatalogueTests.codes(sandbox)
        for row in Self.rows where Self.withoutJSON[row.command] == nil {
            let words = row.failing.map { Self.filled($0, ["sandbox": sandbox.path]) }
            let dashes = words.firstIndex(of: "--") ?? words.count
            let line =
                row.command.split(separator: " ").map(String.init) + ["--json"] + words[..<dashes] + words[dashes...]
            let outcome = try sandbox.run(line)
            #expect(outcome.exitCode != 0, "\(line): \(outcome.output)")
            let report = try? outcome.json()
            guard row.kind != Self.own else {
                #expect(report != nil, "\(line): \(outcome.output)")
                continue
            }
            #expect(report?["error"]?["type"]?.string == row.kind, "\(line): \(outcome.output)")
            #expect(report?["exitCode"]?.integer == Int64(outcome.exitCode), "\(line)")
            let code = report?["error"]?["rule"]?.string ?? report?["error"]?["code"]?.string
            #expect(code.map(codes.contains) == true, "\(line): \(code ?? "no code") is not in the catalogue")
            #expect(report?["error"]?["hint"]?.string?.isEmpty == false, "\(line): \(outcome.output)")
        }
        try gateway.stop()
        for (command, words) in Self.withoutJSON {
            let outcome = try sandbox.run(command.split(separator: " ").map(String.init) + words)
            #expect(outcome.exitCode != 0, "\(command)")
            #expect(outcome.errors.contains("sallyport: error: "), "\(command): \(outcome.errors)")
            #expect(outcome.errors.contains("  hint: "), "\(command): \(outcome.errors)")
        }
    }
}
