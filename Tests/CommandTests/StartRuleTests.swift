import Files
import Foundation
import JSON
import Testing

/// What keeps a gateway from starting says which rule that is, and the catalogue has it.
struct StartRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        /// Below `gateway`, besides the mode.
        var gateway = "tls: { enabled: true }"
        var more = ""
        /// In the sandbox, with this text in them.
        var files: [String: String] = [:]
        var environment: [String: String] = [:]
        var message: String

        var testDescription: String { rule }
    }

    private static func isolated(_ rule: String, _ isolation: String, _ message: String) -> Case {
        Case(
            rule: rule,
            more: "agents: { list: [{ id: \"main\", exec: { command: [\"true\"] }, isolation: \(isolation) }] }",
            message: message)
    }

    private static let cases = [
        Case(
            rule: "preauth-limit", environment: ["OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP": "many"],
            message: "must be an integer of at least 1, not \"many\""),
        Case(rule: "state-unusable", files: ["state/run": ""], message: "cannot use the state directory: "),
        Case(
            rule: "store-unusable",
            files: ["state/state/sallyport.sqlite": String(repeating: "no database ", count: 99)],
            message: "cannot open the store: "),
        Case(
            rule: "gateway-identity", files: ["state/identity/gateway.json": "{}"], message: "it is no gateway identity"
        ),
        Case(
            rule: "token-file", files: ["state/gateway/token/file": ""], message: "cannot keep the gateway's token: "),
        Case(rule: "log-file", more: "logging: { file: \"/proc/none/log\" }", message: "logging.file: "),
        Case(
            rule: "listeners-conflict",
            gateway: "listeners: [{ address: \"127.0.0.1\", port: 4001 }, { address: \"127.0.0.1\", port: 4001 }]",
            message: "where gateway.listeners[0] already does"),
        Case(
            rule: "cannot-listen", gateway: "bind: \"custom\", customBindHost: \"192.0.2.1\"",
            message: "cannot listen: "),
        Case(
            rule: "certificate-unusable",
            gateway: "tls: { enabled: true, certPath: \"SANDBOX/cert.pem\", keyPath: \"SANDBOX/key.pem\" }",
            files: ["cert.pem": "nonsense", "key.pem": "nonsense"], message: "gateway tls: failed to load cert ("),
        Case(
            rule: "client-authorities", gateway: "tls: { enabled: true, caPath: \"SANDBOX/clients.pem\" }",
            files: ["clients.pem": "nonsense"], message: "no authorities could be read"),
        Case(
            rule: "certificate-fingerprint",
            gateway: "tls: { enabled: true, fingerprint: \"sha256:\(String(repeating: "a", count: 64))\" }",
            message: "gateway.tls.fingerprint does not match the certificate"),
        isolated(
            "isolation-user", "{ type: \"uid\", user: \"no-such-user-here\" }", "there is no user no-such-user-here"),
        isolated("isolation-group", "{ type: \"uid\", user: 3999999999 }", "which group user 3999999999 has"),
        isolated("isolation-own-user", "{ type: \"uid\", user: 0, gid: 0 }", "is root, which confines nothing"),
        isolated("isolation-bind", "{ type: \"bwrap\", binds: [\"/nonexistent\"] }", "/nonexistent does not exist"),
    ]

    @Test("a failed start names its rule", arguments: cases)
    func start(_ example: Case) throws {
        let sandbox = try Sandbox()
        for (name, text) in example.files { try sandbox.write(name, text) }
        let configuration = "{ gateway: { mode: \"local\", \(example.gateway) }, \(example.more) }"
        try sandbox.write("state/openclaw.json", configuration.replacing("SANDBOX", with: sandbox.path))
        let outcome = try sandbox.run("gateway", "run", "--port", "0", environment: example.environment)
        #expect(outcome.exitCode == 78, "\(outcome.errors)")
        #expect(outcome.errors.contains(example.message), "\(outcome.errors)")
        #expect(outcome.errors.contains("\n  rule=\(example.rule)\n  hint: "), "\(outcome.errors)")
        #expect(try sandbox.run("explain", "error", example.rule).output.hasPrefix("\(example.rule): "))
    }

    @Test func aStateDirectoryThatOthersCanWriteToIsNotUsed() throws {
        let sandbox = try Sandbox()
        try sandbox.write("state/openclaw.json", #"{ gateway: { mode: "local" } }"#)
        #expect(unsafe chmod(sandbox.stateDirectory, 0o777) == 0)
        let outcome = try sandbox.run("gateway", "run", "--port", "0")
        #expect(outcome.exitCode == 78)
        #expect(outcome.errors.contains("\n  rule=state-shared\n  hint: own it"), "\(outcome.errors)")
    }

    /// What a script reads.
    private func rule(_ outcome: Outcome, exitCode: Int32) throws -> String? {
        #expect(outcome.exitCode == exitCode, "\(outcome)")
        let error = try #require(try outcome.json()["error"])
        #expect(error["hint"]?.string?.isEmpty == false, "\(error)")
        return error["rule"]?.string
    }

    @Test func whatKeepsABackupOrAnImportFromBeingMadeIsToldInJSON() throws {
        let sandbox = try Sandbox()
        let target = sandbox.path + "/backup"
        #expect(try rule(sandbox.run("backup", "--json", "--output", target), exitCode: 78) == "backup-source")
        let other = sandbox.path + "/other"
        #expect(try rule(sandbox.run("import", "--json", "--from", other), exitCode: 1) == "import-source")
        try sandbox.write("other/devices/paired.json", "[")
        let damaged = try sandbox.run("import", "--json", "--from", other)
        #expect(try rule(damaged, exitCode: 1) == "import-file")
        #expect(damaged.errors.contains("nothing was imported from it"), "\(damaged.errors)")

        let gateway = try sandbox.startGateway(#"{ gateway: { mode: "local", tls: { enabled: true } } }"#)
        #expect(try rule(sandbox.run("import", "--json", "--from", other), exitCode: 1) == "import-beside-gateway")
        let inside = sandbox.stateDirectory + "/backup"
        #expect(try rule(sandbox.run("backup", "--json", "--output", inside), exitCode: 78) == "backup-target")
        #expect(try sandbox.run("backup", "--json", "--output", target).exitCode == 0)
        #expect(try rule(sandbox.run("backup", "--json", "--output", target), exitCode: 78) == "backup-target")
        try gateway.stop()
    }
}
