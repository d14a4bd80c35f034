import Config
import Foundation
import JSON
import Testing

/// The published schema as another implementation reads it: `jsonschema` of Python.
@Suite("The schema, by a foreign validator")
struct ForeignValidatorTests {
    private static let isThere = (try? run("import jsonschema; jsonschema.Draft202012Validator", []))?.status == 0

    /// - Returns: how Python ended, and what it printed.
    private static func run(_ script: String, _ documents: [JSON]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-W", "ignore", "-c", script]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(JSON.array(documents).serialized()))
        try input.fileHandleForWriting.close()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    private static let good = """
        {
          gateway: {
            mode: "local", port: 18789, bind: "lan", tls: { enabled: true, names: ["gateway.example"] },
            auth: { mode: "token", token: { source: "exec", provider: "vault", id: "gateway/token" } },
            trustedProxies: ["10.0.0.2"], listeners: [{ address: "127.0.0.1", port: 18790, proxyProtocol: "required" }],
          },
          secrets: { providers: { vault: { source: "exec", command: "/usr/local/bin/vault", args: ["get"] } } },
          env: { shellEnv: { enabled: false }, MY_KEY: "x" },
          agents: {
            defaults: { subagents: { maxSpawnDepth: 3, allowAgents: ["*"] } },
            list: [{ id: "main", default: true, exec: { command: ["cat"] } }],
          },
          logging: { level: "info", subsystems: { ws: "warn" } },
        }
        """

    private static func parsed(_ text: String) throws -> JSON {
        try JSONParser.parse(Array(text.utf8), dialect: .json5)
    }

    @Test(
        "it is a schema, takes what the gateway takes, and refuses what it refuses",
        .enabled(if: isThere, "Python has no jsonschema"))
    func schema() throws {
        let wrong = [
            #"{ gateway: { port: "x" } }"#, "{ gateway: { port: 70000 } }", "{ gateway: { tls: { enabled: 7 } } }",
            "{ gateway: { tls: { names: [7] } } }", #"{ gateway: { bind: "wan" } }"#,
            "{ agents: { list: [{ id: 7 }] } }",
            "{ secrets: { providers: { x: { timeoutMs: 0 } } } }", #"{ cron: { maxConcurrentRuns: "many" } }"#,
        ]
        let script = """
            import json, sys
            from jsonschema import Draft202012Validator as Validator
            schema, *documents = json.load(sys.stdin)
            Validator.check_schema(schema)
            validator = Validator(schema)
            print(json.dumps([validator.is_valid(document) for document in documents]))
            """
        let documents = [Self.good] + wrong
        let outcome = try Self.run(script, [SettingCatalog.shared.schema] + documents.map { try Self.parsed($0) })
        #expect(outcome.status == 0)
        let verdicts = try JSONParser.parse(Array(outcome.output.utf8)).array?.map(\.bool)
        #expect(verdicts == [true] + wrong.map { _ in false })
        // The gateway agrees.
        for text in wrong {
            #expect(load(text, gateway: "{gateway:{mode:'local'}}").errors.count > 0, "\(text)")
        }
    }
}
