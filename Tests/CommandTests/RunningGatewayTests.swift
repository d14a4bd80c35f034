import JSON
import Testing

/// Every command against a gateway: what it prints as JSON, and how it fails.
struct RunningGatewayTests {
    private static func configuration(_ gateway: String = "", subagents: String = "") -> String {
        """
        {
          gateway: { mode: "local", tls: { enabled: true }, \(gateway) },
          agents: {
            defaults: { subagents: { allowAgents: ["lines"], \(subagents) } },
            list: [
              { id: "main", default: true, exec: { command: ["cat"] } },
              { id: "lines", exec: { command: ["wc", "-l", "--", "{task}"], stdin: "none" } },
              { id: "sleeper", exec: { command: ["sleep", "{task}"], stdin: "none" } },
            ],
          },
        }
        """
    }

    @Test func everyCommandPrintsJSON() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration())
        func json(_ words: String..., exitCode: Int32 = 0) throws -> JSON {
            let outcome = try sandbox.run(words + ["--json"])
            #expect(outcome.exitCode == exitCode, "\(words): \(outcome.errors)")
            return try outcome.json()
        }
        let file = try sandbox.write("three", "1\n2\n3\n")
        let status = try json("gateway", "status")
        #expect(status["ok"]?.bool == true)
        #expect(status["url"]?.string == gateway.url)
        #expect(status["pid"]?.integer == Int64(gateway.pid))
        let spawn = try sandbox.run("sessions_spawn", "--agent", "lines", "--json", "--", file)
        #expect(spawn.exitCode == 0)
        #expect(try spawn.json()["result"]?["text"]?.string == "3 \(file)\n")
        let sessions = try json("sessions", "list")["sessions"]?.array ?? []
        #expect(sessions.count == 2)
        #expect(try json("sessions", "list", "--limit", "1")["sessions"]?.array?.count == 1)
        let key = try #require(sessions.first?["key"]?.string)
        #expect(try json("sessions", "kill", key, exitCode: 1)["status"]?.string == "no-active-run")
        #expect(try json("devices", "list")["paired"]?.array?.count == 1)
        let pins = try json("tls", "fingerprint")
        #expect(pins["certificateSHA256"]?.string.map { "sha256:\($0)" } == gateway.pin)
        #expect(try json("tls", "fingerprint", "--url", gateway.url)["certificateSHA256"] == pins["certificateSHA256"])
        try gateway.stop()
    }

    @Test func aSpawnEndsWithTheCodeOfItsCommandOrOfItsRefusal() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(
            Self.configuration(subagents: #"allowAgents: ["lines", "sleeper"], maxChildrenPerAgent: 1"#)
                .replacing(#"allowAgents: ["lines"], "#, with: ""))
        let failing = try sandbox.run("sessions_spawn", "--agent", "lines", "--", "/nonexistent")
        #expect(failing.exitCode == 1)
        #expect(failing.output.hasSuffix("Task completed. Exit code: 1\n"), "\(failing.output)")
        let unknown = try sandbox.run("sessions_spawn", "--agent", "nobody", "--", "x")
        #expect(unknown.exitCode == 7)
        #expect(unknown.errors.contains("agentId is not allowed for sessions_spawn (allowed: lines, sleeper)"))
        #expect(unknown.errors.contains("hint: "))
        let runtime = try sandbox.run("sessions_spawn", "--runtime", "acp", "--", "x")
        #expect(runtime.exitCode == 1)
        #expect(runtime.errors.contains("hint: pass agentId, or set acp.defaultAgent"), "\(runtime.errors)")
        let first = try sandbox.run("sessions_spawn", "--agent", "sleeper", "--no-wait", "--json", "--", "600")
        #expect(first.exitCode == 0)
        let key = try #require(try first.json()["childSessionKey"]?.string)
        let second = try sandbox.run("sessions_spawn", "--agent", "lines", "--json", "--", "x")
        #expect(second.exitCode == 65)
        #expect(try second.json()["kind"]?.string == "session-limit")
        #expect(try sandbox.run("sessions", "kill", key).output == "Killed \(key)\n")
        try gateway.stop()
    }

    @Test func aStrangersMistakesAreNamed() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration(#"auth: { mode: "token", token: "right" }"#))
        let pin = try #require(gateway.pin)
        let other = "sha256:" + String(repeating: "a", count: 64)
        func list(_ more: String...) throws -> Outcome {
            try sandbox.run(["sessions", "list", "--state-dir", sandbox.path + "/stranger"] + more)
        }
        let cases: [(outcome: Outcome, message: String, hint: String)] = [
            (try list("--url", gateway.url), "gateway url override requires explicit credentials", "pass --token"),
            (
                try list("--url", gateway.url, "--token", "right"), "not trusted (self-signed certificate)",
                "pin it with --tls-fingerprint"
            ),
            (
                try list("--url", gateway.url, "--token", "right", "--tls-fingerprint", other),
                "expected \(other.dropFirst(7))", "use the new pin"
            ),
            (
                try list("--url", gateway.url, "--token", "wrong", "--tls-fingerprint", pin),
                "gateway closed (1008): unauthorized: gateway token mismatch", "pass the gateway's token with --token"
            ),
            (
                try list("--url", "wss://127.0.0.1:1", "--token", "right"), "gateway unreachable at wss://127.0.0.1:1",
                "is it running?"
            ),
            (try sandbox.run("devices", "approve", "nope"), "unknown requestId", "sallyport devices list"),
            (try sandbox.run("devices", "remove", "0123456789abcdef"), "unknown deviceId", "sallyport devices list"),
            (
                try sandbox.run("tls", "fingerprint", "--url", gateway.url, "--tls-fingerprint", other),
                "serves \(pin), not \(other)", "use the new pin"
            ),
        ]
        for (outcome, message, hint) in cases {
            #expect(outcome.exitCode == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            #expect(outcome.errors.contains("  hint: "), "\(outcome.errors)")
            #expect(outcome.errors.contains(hint), "\(outcome.errors)")
        }
        #expect(try list("--url", gateway.url, "--token", "right", "--tls-fingerprint", pin).exitCode == 0)
        try gateway.stop()
    }

    @Test func theEnvironmentNamesAGatewayAsOptionsDo() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration(#"auth: { mode: "token", token: "right" }"#))
        let environment = [
            "SALLYPORT_GATEWAY_URL": gateway.url, "SALLYPORT_GATEWAY_TOKEN": "right",
            "SALLYPORT_TLS_FINGERPRINT": try #require(gateway.pin),
        ]
        let list = ["sessions", "list", "--state-dir", sandbox.path + "/other"]
        #expect(try sandbox.run(list, environment: environment).exitCode == 0)
        let wrong = try sandbox.run(list, environment: environment.merging(["SALLYPORT_GATEWAY_TOKEN": "wrong"]) { $1 })
        #expect(wrong.exitCode == 1)
        #expect(wrong.errors.contains("Source: env GATEWAY_URL"), "\(wrong.errors)")
        try gateway.stop()
    }

    @Test func eitherPinIsRecognised() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration())
        let pins = try sandbox.run("tls", "fingerprint", "--json").json()
        for name in ["certificateSHA256", "spkiSHA256"] {
            let pin = try #require(pins[name]?.string)
            let served = try sandbox.run("tls", "fingerprint", "--url", gateway.url, "--tls-fingerprint", pin)
            #expect(served.exitCode == 0, "\(name): \(served.errors)")
        }
        try gateway.stop()
    }

    @Test func theOwnerLetsADeviceInWhereNobodyIsPairedSilently() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(
            Self.configuration(
                #"auth: { mode: "token", token: "right" }, nodes: { pairing: { autoApproveLocal: false } }"#))
        let dial = [
            "sessions", "list", "--state-dir", sandbox.path + "/stranger", "--url", gateway.url, "--token", "right",
            "--tls-fingerprint", try #require(gateway.pin),
        ]
        let refused = try sandbox.run(dial)
        #expect(refused.exitCode == 1)
        #expect(refused.errors.contains("gateway closed (1008): pairing required: not-paired"))
        // The hint's own command, as it stands there.
        let hint = try #require(refused.errors.split(separator: "\n").first { $0.contains("hint: ") })
        let words = hint.split(separator: " ").map(String.init)
        let approve = Array(words[try #require(words.firstIndex(of: "devices"))...])
        let approved = try sandbox.run(approve)
        #expect(approved.exitCode == 0, "\(approved.errors)")
        #expect(try sandbox.run(dial).exitCode == 0)
        let devices = try sandbox.run("devices", "list", "--json").json()
        let id = try #require(devices["paired"]?.array?.first?["deviceId"]?.string)
        #expect(try sandbox.run("devices", "list").output.contains(id.prefix(16)))
        // As the list shortens it.
        let removed = try sandbox.run("devices", "remove", String(id.prefix(16)))
        #expect(removed.output == "Removed \(id)\n", "\(removed.errors)")
        #expect(try sandbox.run(dial).exitCode == 1)
        try gateway.stop()
    }

    @Test func aGatewayWithAPasswordIsReachedWithoutNamingIt() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration(#"auth: { mode: "password", password: "right" }"#))
        let local = try sandbox.run("sessions", "list")
        #expect(local.exitCode == 0, "\(local.errors)")
        let dial = [
            "sessions", "list", "--state-dir", sandbox.path + "/other", "--url", gateway.url, "--tls-fingerprint",
            try #require(gateway.pin), "--password",
        ]
        #expect(try sandbox.run(dial + ["right"]).exitCode == 0)
        let wrong = try sandbox.run(dial + ["wrong"])
        #expect(wrong.exitCode == 1)
        #expect(wrong.errors.contains("password mismatch"), "\(wrong.errors)")
        #expect(wrong.errors.contains("hint: pass --password"), "\(wrong.errors)")
        try gateway.stop()
    }
}
