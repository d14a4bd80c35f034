import Files
import Foundation
import JSON
import Testing

/// `sallyport config`, without a gateway.
struct ConfigCommandTests {
    private static let text = """
        {
          // mine
          gateway: {
            mode: 'local', // always
            auth: { token: "hush" },
          },
          agents: { list: [{ id: 'main' }] },
        }

        """

    private static func sandbox(_ text: String? = text) throws -> Sandbox {
        let sandbox = try Sandbox()
        if let text { try sandbox.write("state/openclaw.json", text) }
        return sandbox
    }

    private static func file(_ sandbox: Sandbox) throws -> String {
        String(decoding: try Files.read(sandbox.stateDirectory + "/openclaw.json"), as: UTF8.self)
    }

    @Test func aValueIsSetAndRemovedAndEverythingElseStays() throws {
        let sandbox = try Self.sandbox()
        let set = try sandbox.run("config", "set", "gateway.port", "19000")
        #expect(set.exitCode == 0 && set.output == "Wrote \(sandbox.stateDirectory)/openclaw.json\n", "\(set)")
        #expect(set.errors.contains("restart needed for: gateway.port"))
        #expect(
            try Self.file(sandbox)
                == Self.text.replacing("token: \"hush\" },", with: "token: \"hush\" },\n    port: 19000,"))
        #expect(try sandbox.run("config", "get", "gateway.port").output == "19000\n")
        #expect(try sandbox.run("gateway", "config", "set", "agents.list[0].name", "The 1st").exitCode == 0)
        #expect(try Self.file(sandbox).contains("{ id: 'main', name: 'The 1st' }"))
        // A token of digits is a text.
        #expect(try sandbox.run("config", "set", "gateway.auth.token", "123456").exitCode == 0)
        #expect(try Self.file(sandbox).contains("token: \"123456\""))
        #expect(try sandbox.run("config", "unset", "gateway.port").exitCode == 0)
        #expect(try sandbox.run("config", "unset", "agents.list[0].name").exitCode == 0)
        #expect(try Self.file(sandbox) == Self.text.replacing("hush", with: "123456"))
        let again = try sandbox.run("config", "unset", "gateway.port")
        #expect(again.exitCode == 1 && again.errors.contains("gateway.port is not set"), "\(again)")
        #expect(Files.names(in: sandbox.stateDirectory).filter { $0.contains(".bak") }.count == 5)
    }

    @Test func objectsAreReplacedOrMerged() throws {
        let sandbox = try Self.sandbox()
        #expect(try sandbox.run("config", "set", "gateway.auth", "{ mode: 'token' }", "--merge").exitCode == 0)
        #expect(try Self.file(sandbox).contains("auth: { token: \"hush\", mode: 'token' }"))
        #expect(try sandbox.run("config", "set", "gateway.auth", "{\"token\": \"x\"}", "--strict-json").exitCode == 0)
        #expect(try Self.file(sandbox).contains("auth: { token: \"x\" }"))
        let loose = try sandbox.run("config", "set", "gateway.auth", "{ token: 'x' }", "--strict-json")
        #expect(loose.exitCode == 2 && loose.errors.contains("the value is not JSON"), "\(loose)")
    }

    @Test func whatWouldBeWrongIsNotWritten() throws {
        let sandbox = try Self.sandbox()
        let bind = try sandbox.run("config", "set", "gateway.bind", "0.0.0.0")
        #expect(bind.exitCode == 78 && bind.errors.contains("hint: write bind: \"lan\""), "\(bind)")
        let invented = try sandbox.run("config", "set", "gateway.host", "x")
        #expect(invented.exitCode == 78 && invented.errors.contains("unknown key gateway.host"), "\(invented)")
        #expect(invented.errors.contains("use gateway.bind"))
        let slip = try sandbox.run("config", "set", "gateway.prot", "1")
        #expect(slip.errors.contains("did you mean gateway.port?"), "\(slip)")
        let path = try sandbox.run("config", "set", "gateway..port", "1")
        #expect(path.exitCode == 2 && path.errors.contains("a name is missing, at character 9"), "\(path)")
        let dry = try sandbox.run("config", "set", "gateway.port", "19000", "--dry-run")
        #expect(dry.exitCode == 0 && dry.output.contains("port: 19000") && !dry.output.contains("hush"), "\(dry)")
        #expect(try Self.file(sandbox) == Self.text)
        #expect(Files.names(in: sandbox.stateDirectory) == ["openclaw.json"])
    }

    @Test func twoMistakesAreMendedOneAfterTheOther() throws {
        let sandbox = try Self.sandbox("{ gateway: { mode: 'local', port: 0, bind: 'x' } }")
        let validated = try sandbox.run("config", "validate")
        #expect(validated.exitCode == 78, "\(validated)")
        #expect(validated.errors.contains("openclaw.json:1:35: error: gateway.port must be"))
        #expect(validated.errors.contains("openclaw.json:1:44: error: gateway.bind must be"))
        #expect(try sandbox.run("config", "validate", "--json").json()["issues"]?.array?.count == 2)
        let first = try sandbox.run("config", "set", "gateway.port", "1")
        #expect(first.exitCode == 0 && first.errors.contains("1 errors remain"), "\(first)")
        #expect(try sandbox.run("config", "unset", "gateway.bind").exitCode == 0)
        #expect(try sandbox.run("config", "validate").exitCode == 0)
        #expect(try Self.file(sandbox) == "{ gateway: { mode: 'local', port: 1 } }")
    }

    @Test func eachSettingIsShownWithItsSourceAndSecretsAreMasked() throws {
        let sandbox = try Self.sandbox()
        try sandbox.write("state/gateway.json", "{ gateway: { pairing: { loopbackExempt: true } } }")
        let bypass = ["OPENCLAW_INTERNAL_SPAWN_BYPASS": "false"]
        let pairing = try sandbox.run("gateway", "config", "show", "gateway.pairing", environment: bypass)
        #expect(pairing.output.contains("gateway.pairing.loopbackExempt       true   "), "\(pairing)")
        #expect(
            pairing.output.contains("gateway.json:1") && pairing.output.contains("internalSpawnBypass  true   default"))
        let merged = try sandbox.run("gateway", "config", "show", "gateway.pairing", "--merged", environment: bypass)
        #expect(merged.output.contains("false  environment OPENCLAW_INTERNAL_SPAWN_BYPASS"), "\(merged)")
        let whole = try sandbox.run("config", "show", "--json")
        let settings = try #require(try whole.json()["settings"]?.array)
        let token = settings.first { $0["path"] == "gateway.auth.token" }
        #expect(token?["value"] == "***" && token?["source"]?.string?.hasSuffix("openclaw.json:5") == true)
        #expect(settings.count > 80 && !whole.output.contains("hush"))
        #expect(try sandbox.run("config", "get", "gateway.auth").output.contains("__OPENCLAW_REDACTED__"))
        #expect(try sandbox.run("config", "show", "gatewya").errors.contains("no setting begins with gatewya"))
    }

    @Test func anIncludedValueAndALinkAreRefused() throws {
        let sandbox = try Self.sandbox("{ gateway: { $include: './gw.json5' } }")
        try sandbox.write("state/gw.json5", "{ mode: 'local', port: 1 }")
        let included = try sandbox.run("config", "set", "gateway.port", "2")
        #expect(included.exitCode == 78 && included.errors.contains("stands in an included file"), "\(included)")
        #expect(included.errors.contains("hint: edit \(sandbox.stateDirectory)/gw.json5"))
        let elsewhere = try sandbox.write("real.json", "{ gateway: { mode: 'local' } }")
        try FileManager.default.createSymbolicLink(
            atPath: sandbox.path + "/link.json", withDestinationPath: elsewhere)
        let link = try sandbox.run("config", "set", "gateway.port", "2", "--config", sandbox.path + "/link.json")
        #expect(link.exitCode == 78 && link.errors.contains("is a symbolic link"), "\(link)")
    }

    @Test func aFirstFileSaysWhatWasInEffect() throws {
        let sandbox = try Self.sandbox(nil)
        #expect(try sandbox.run("config", "file").output == "\(sandbox.stateDirectory)/openclaw.json\n")
        #expect(try sandbox.run("config", "validate").exitCode == 0)
        let set = try sandbox.run("config", "set", "cron.enabled", "false")
        #expect(set.exitCode == 0 && set.errors.contains("a new file"), "\(set)")
        let shown = try sandbox.run("config", "get", "gateway.tls.enabled")
        #expect(shown.output == "true\n")
        #expect(try FileFacts(sandbox.stateDirectory + "/openclaw.json")?.mode == 0o600)
    }

    @Test func profilesAndEnvironmentFiles() throws {
        let sandbox = try Sandbox()
        let home = ["SALLYPORT_STATE_DIR": "", "HOME": sandbox.path]
        #expect(
            try sandbox.run("--profile", "work", "config", "file", environment: home).output
                == "\(sandbox.path)/.sallyport-work/openclaw.json\n")
        #expect(try sandbox.run("--profile=../x", "config", "file", environment: home).exitCode == 78)
        let dev = try sandbox.run("config", "show", "gateway.port", "--merged", "--dev", environment: home)
        #expect(dev.output.contains("19001"), "\(dev)")
        try sandbox.write(".sallyport/.env", "OPENCLAW_GATEWAY_PORT=4711\nNAME=world\n")
        try sandbox.write(
            ".sallyport/openclaw.json", "{ gateway: { mode: 'local' }, agents: { defaults: { cwd: '/${NAME}' } } }")
        let port = try sandbox.run("config", "show", "gateway.port", "--merged", environment: home)
        #expect(port.output.contains("4711   environment OPENCLAW_GATEWAY_PORT"), "\(port)")
        #expect(
            try sandbox.run("config", "show", "agents.defaults.cwd", environment: home).output.contains("\"/world\""))
    }
}
