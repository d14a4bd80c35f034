import JSON
import Testing

/// What a script reads of a failure: every command of the table, with `--json`.
struct FailureReportTests {
    /// Those that have `--json`.
    private static func commands(_ sandbox: Sandbox) throws -> [[String]] {
        try HelpTests.commands(sandbox).map { $0.split(separator: " ").map(String.init) }
            .filter { try HelpTests.options(sandbox.run($0 + ["--help"]).output).contains("json") }
    }

    @Test func aWrongOptionIsAUsageErrorInJSON() throws {
        let sandbox = try Sandbox()
        let commands = try Self.commands(sandbox)
        #expect(commands.count >= 30)
        for words in commands {
            let outcome = try sandbox.run(words + ["--json", "--xyzzyxyzzy"])
            #expect(outcome.exitCode == 2, "\(words)")
            let report = try outcome.json()
            #expect(report["ok"]?.bool == false, "\(words)")
            #expect(report["error"]?["type"]?.string == "usage_error", "\(words)")
            #expect(report["error"]?["rule"]?.string == "cli-unknown-option", "\(words)")
            #expect(report["error"]?["message"]?.string?.contains("--xyzzyxyzzy") == true, "\(words)")
            #expect(report["error"]?["hint"]?.string?.isEmpty == false, "\(words)")
            #expect(report["exitCode"]?.integer == 2, "\(words)")
            #expect(!outcome.errors.isEmpty, "\(words)")
        }
    }

    /// Whatever a command can do without a gateway, it says it in JSON and in nothing else.
    @Test func withoutAGatewayStandardOutputIsJSONAllTheSame() throws {
        let sandbox = try Sandbox()
        // Those two start one.
        let started = [["gateway", "start"], ["gateway", "restart"]]
        for words in try Self.commands(sandbox) where !started.contains(words) {
            let outcome = try sandbox.run(words + ["--json"])
            let report = try? outcome.json()
            #expect(report != nil, "\(words): \(outcome.output)")
            guard outcome.exitCode != 0, report?["ok"]?.bool == false, let error = report?["error"] else { continue }
            #expect(error["type"]?.string.map { $0.hasSuffix("_error") } == true, "\(words)")
            #expect(report?["exitCode"]?.integer == Int64(outcome.exitCode), "\(words)")
        }
    }

    @Test func kindsOfFailuresAreToldApart() throws {
        let sandbox = try Sandbox()
        func type(_ words: String...) throws -> String? {
            try sandbox.run(words + ["--json"]).json()["error"]?["type"]?.string
        }
        #expect(try type("sessions", "list") == "gateway_transport_error")
        #expect(
            try type("gateway", "call", "status", "--url", "ws://127.0.0.1:1", "--token", "x")
                == "gateway_transport_error")
        #expect(try type("sessions", "send", "main") == "usage_error")
        try sandbox.write("state/openclaw.json", "{ gateway: {")
        #expect(try type("sessions", "list") == "configuration_error")
        let gateway = try sandbox.startGateway(#"{ gateway: { mode: "local", tls: { enabled: true } } }"#)
        let refused = try sandbox.run("gateway", "call", "no.such.method", "--json")
        #expect(refused.exitCode == 1)
        let error = try #require(refused.json()["error"])
        #expect(error["type"]?.string == "gateway_request_error")
        #expect(error["code"]?.string == "INVALID_REQUEST")
        #expect(error["message"]?.string == "unknown method: no.such.method")
        try gateway.stop()
    }
}
