import Client
import Files
import Foundation
import JSON
import Testing

/// `config.*` against a running gateway (wire protocol, section 6.10).
struct ConfigurationMethodsTests {
    private static let text = """
        {
          // the owner's words
          gateway: {
            mode: "local", bind: "loopback", tls: { enabled: true },
            auth: { mode: "token", token: "my-token" }, // hush
          },
          agents: { list: [{ id: "main", exec: { command: ["/bin/echo", "{task}"], stdin: "none" } }] },
          channels: { telegram: { botToken: "12345:abc" } },
        }

        """

    private static func file(_ gateway: GatewayProcess, _ name: String = "openclaw.json") -> String {
        contents(of: gateway.state.path + "/" + name)
    }

    private func failure(_ body: () throws -> JSON) throws -> GatewayErrorBody {
        do {
            let answer = try body()
            throw Unexpected("it was answered: \(answer)")
        } catch ClientError.refused(let error, _, _) {
            return error
        }
    }

    @Test func whatIsShownHasNoSecretsAndSentBackKeepsThem() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.text)
            let owner = try await gateway.owner()
            let shown = try owner.request("config.get")
            #expect(shown["exists"] == true && shown["valid"] == true)
            #expect(shown["path"]?.string == gateway.state.path + "/openclaw.json")
            #expect(!"\(shown)".contains("my-token") && !"\(shown)".contains("12345:abc"))
            let raw = try #require(shown["raw"]?.string)
            #expect(raw.contains("// the owner's words") && raw.contains("__OPENCLAW_REDACTED__"))
            #expect(shown["config"]?["gateway"]?["auth"]?["mode"] == "token")
            let hash = try #require(shown["hash"])
            let edited = raw.replacing("{task}", with: "was: {task}")
            let answer = try owner.request("config.set", ["raw": .string(edited), "baseHash": hash])
            #expect(answer["ok"] == true && answer["applied"] == ["agents.list[0].exec.command"], "\(answer)")
            #expect(answer["restart"]?["required"] == false)
            #expect(Self.file(gateway) == Self.text.replacing("{task}", with: "was: {task}"))
            #expect(Self.file(gateway, "openclaw.json.bak") == Self.text)
            let run = try owner.spawn("x", agent: "main")
            #expect(try owner.result(of: run)["text"]?.string == "was: x\n")
            let stale = try failure { try owner.request("config.set", ["raw": .string(edited), "baseHash": hash]) }
            #expect(stale.message == "config changed since last load; re-run config.get and retry")
            let none = try failure { try owner.request("config.set", ["raw": .string(edited)]) }
            #expect(none.message == "config base hash required; re-run config.get and retry")
            owner.close()
            try gateway.stop()
            #expect(!gateway.log.contains("my-token"))
        }
    }

    @Test func aPatchKeepsTheOwnersWordsAndSaysWhatNeedsARestart() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.text)
            let owner = try await gateway.owner()
            let reader = try await gateway.owner(["operator.read"])
            let hash = try #require(try owner.request("config.get")["hash"])
            let patch = """
                { gateway: { port: 19999, auth: { token: "__OPENCLAW_REDACTED__" } }, cron: { enabled: false } }
                """
            let answer = try owner.request(
                "config.patch", ["raw": .string(patch), "baseHash": hash, "note": "a try"])
            #expect(answer["applied"] == ["cron.enabled"], "\(answer)")
            // The port came from the command line, so the file's does not count.
            #expect(answer["restart"]?["required"] == false)
            let text = Self.file(gateway)
            #expect(
                text.contains("// the owner's words") && text.contains("token: \"my-token\"")
                    && text.contains("// hush"))
            #expect(text.contains("port: 19999"))
            _ = try gateway.waitForLog("config.patch by", "a try")
            let again = try #require(try owner.request("config.get")["hash"])
            let restart = try owner.request(
                "config.patch", ["raw": "{ gateway: { compression: { enabled: true } } }", "baseHash": again])
            #expect(restart["restart"]?["required"] == true)
            #expect(restart["restart"]?["paths"] == ["gateway.compression.enabled"])
            let same = try owner.request(
                "config.patch",
                [
                    "raw": "{ gateway: { compression: { enabled: true } } }",
                    "baseHash": try #require(try owner.request("config.get")["hash"]),
                ])
            #expect(same["noop"] == true)
            let refused = try failure { try reader.request("config.patch", ["raw": "{}", "baseHash": hash]) }
            #expect(refused.message == "missing scope: operator.admin")
            #expect(!"\(try reader.request("config.get"))".contains("my-token"))
            reader.close()
            owner.close()
            try gateway.stop()
        }
    }

    @Test func whatIsWrongIsRefusedAndKept() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.text)
            let owner = try await gateway.owner()
            let hash = try #require(try owner.request("config.get")["hash"])
            let bad = try failure {
                try owner.request(
                    "config.set",
                    ["raw": "{ gateway: { mode: 'local', bind: '0.0.0.0', handshakeTimeoutMs: 0 } }", "baseHash": hash])
            }
            let issues = bad.details["issues"]?.array ?? []
            #expect(
                issues.compactMap { $0["path"]?.string } == ["gateway.bind", "gateway.handshakeTimeoutMs"], "\(bad)")
            #expect(issues.first?["line"] == 1 && issues.first?["remedy"]?.string == "write bind: \"lan\"")
            let kept = try #require(bad.details["rejectedPath"]?.string)
            #expect(contents(of: kept).contains("0.0.0.0"))
            #expect(Self.file(gateway) == Self.text)
            let broken = try failure { try owner.request("config.apply", ["raw": "{ gateway: ", "baseHash": hash]) }
            #expect(broken.message.contains("not valid JSON5"))
            let nothing = try failure {
                try owner.request(
                    "config.patch",
                    ["raw": "{ gateway: { remote: { token: '__OPENCLAW_REDACTED__' } } }", "baseHash": hash])
            }
            #expect(nothing.details["path"]?.string == "gateway.remote.token")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theSchemaIsServedWholeAndByPath() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.text)
            let owner = try await gateway.owner(["operator.read"])
            let schema = try owner.request("config.schema")
            #expect(schema["schema"]?["properties"]?["gateway"] != nil)
            #expect(schema["uiHints"]?["gateway.auth.token"]?["sensitive"] == true)
            let port = try owner.request("config.schema.lookup", ["path": "gateway.port"])
            #expect(port["reloadKind"] == "restart" && port["children"] == [])
            let unknown = try failure { try owner.request("config.schema.lookup", ["path": "gateway.host"]) }
            #expect(unknown.message == "config schema path not found: gateway.host")
            let methods = owner.hello["features"]?["methods"]?.array?.compactMap(\.string) ?? []
            for name in ["get", "set", "patch", "apply", "schema", "schema.lookup"] {
                #expect(methods.contains("config.\(name)"))
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aFirstFileIsMadeWhereThereIsNone() async throws {
        try await scenario {
            let gateway = try GatewayProcess(nil)
            let token = contents(of: gateway.tokenFile).split(whereSeparator: \.isWhitespace).first.map(String.init)
            let owner = try await gateway.connect(gateway.options(token: token, scopes: ["operator.admin"]))
            #expect(try owner.request("config.get")["exists"] == false)
            let answer = try owner.request("config.patch", ["raw": "{ cron: { enabled: false } }"])
            #expect(answer["applied"] == ["cron.enabled"] && answer["restart"]?["required"] == false, "\(answer)")
            #expect(Self.file(gateway).contains("tls: { enabled: true }"))
            #expect(try FileFacts(gateway.state.path + "/openclaw.json")?.mode == 0o600)
            owner.close()
            try gateway.stop()
        }
    }
}
