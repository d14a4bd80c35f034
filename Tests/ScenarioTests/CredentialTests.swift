import Client
import Foundation
import JSON
import Testing

/// Tokens that are rotated, tokens with which devices enrol, addresses that guess, and what explains all that.
struct CredentialTests {
    private static func configuration(token: String = "my-token", auth: String = "") -> String {
        var configuration = GatewayConfiguration(
            gateway: """
                mode: "local", bind: "loopback", tls: { enabled: true },
                auth: { mode: "token", token: "\(token)", \(auth) }
                """)
        configuration.agents = [.running("main")]
        return configuration.text
    }

    @Test(arguments: ["close", "continue"])
    func childrenOfARotatedTokenEndOrGoOnAsTheOwnerSays(effect: String) async throws {
        try await scenario {
            let rule = "onRotate: \"\(effect)\""
            let gateway = try GatewayProcess(Self.configuration(auth: rule))
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            let run = try before.spawn("while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo done")
            try before.waitUntilRunning(run)
            try gateway.kill()
            _ = try gateway.state.write("openclaw.json", Self.configuration(token: "another-token", auth: rule))
            try gateway.start()
            let owner = try await gateway.connect(
                gateway.options(token: "another-token", scopes: ["operator.admin"]))
            _ = try directory.write("go", "")
            let result = try owner.result(of: run)
            if effect == "continue" {
                #expect(result["status"]?.string == "ok" && result["text"]?.string == "done\n", "\(result)")
            } else {
                #expect(result["status"]?.string == "killed", "\(result)")
                #expect(result["cause"]?.string == "the gateway's token was changed")
            }
            owner.close()
            // Without a gateway it would wait for one.
            try eventually("the worker has ended") { gateway.processes.count == 1 }
            try gateway.stop()
        }
    }

    @Test func anUnattendedDeviceEnrolsItself() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let made = try gateway.cli.run("devices", "enroll", "--scope", "read", "--label", "ci", "--ttl", "10m")
            let token = try #require(made.lines.first)
            #expect(made.exitCode == 0 && made.errors.contains("for 1 device(s), scopes read"), "\(made)")
            let listed = try gateway.cli.run("devices", "enroll", "--list")
            #expect(listed.output.contains("ci") && !listed.output.contains(token))
            // Another machine, which knows the address, the pin and this token.
            let machine = try TemporaryDirectory()
            var elsewhere = gateway.cli
            elsewhere = CommandLineTool(stateDirectory: machine.path, outputs: machine.path)
            let pin = try #require(gateway.pin)
            let there = ["--url", gateway.url(), "--tls-fingerprint", pin]
            let first = try elsewhere.run(["sessions", "list"] + there + ["--bootstrap-token", token])
            #expect(first.exitCode == 0, "\(first)")
            // From now on with the device token that it was given.
            let devices = try gateway.cli.run("devices", "list")
            #expect(devices.output.contains("enrolment"), "\(devices)")
            let other = try TemporaryDirectory()
            let second = try CommandLineTool(stateDirectory: other.path, outputs: other.path)
                .run(["sessions", "list"] + there + ["--bootstrap-token", token])
            #expect(second.exitCode == 1 && second.errors.contains("bootstrap token invalid or expired"), "\(second)")
            try gateway.stop()
            #expect(!gateway.log.contains(token))
        }
    }

    @Test func anAddressThatGuessesIsLockedOutUntilTheOwnerSaysOtherwise() async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration(auth: "rateLimit: { maxAttempts: 4, exemptLoopback: false }"))
            for number in 0..<4 {
                let error = try await gateway.refusal(of: gateway.options(token: "guess \(number)"))
                #expect(error.body?.detailsCode == "AUTH_TOKEN_MISMATCH")
            }
            let locked = try await gateway.refusal(of: gateway.options())
            #expect(locked.body?.detailsCode == "AUTH_RATE_LIMITED" && locked.body?.retryAfterMs ?? 0 > 200_000)
            #expect(try gateway.cli.run("auth", "lockouts").output.contains("127.0.0.1"))
            #expect(try gateway.cli.run("auth", "unlock").output.contains("Unlocked 127.0.0.1"))
            try await gateway.connect(gateway.options()).close()
            try gateway.stop()
            #expect(gateway.log.contains("locked out client=127.0.0.1 for 300 s: 4 different wrong credentials"))
        }
    }

    @Test func aRefusalIsExplainedAndADryRunToo() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration(auth: "rateLimit: { maxAttempts: 7 }"))
            let error = try await gateway.refusal(of: gateway.options(token: "wrong"))
            let id = try #require(error.body?.details["decisionId"]?.string)
            let past = try gateway.cli.run("explain", String(id.prefix(8)))
            #expect(
                past.exitCode == 0 && past.output.contains("Refused: unauthorized: gateway token mismatch"), "\(past)")
            #expect(past.output.contains("gateway.auth.rateLimit.maxAttempts: 7 (\(gateway.state.path)/openclaw.json:"))
            let dry = try gateway.cli.run("explain", "--from", "172.18.0.1", "--client", "cli/cli", "--device", "new")
            #expect(
                dry.output.contains("pairing")
                    && dry.output.contains("1. on the gateway's host: sallyport devices approve"))
            let unknown = try gateway.cli.run("explain", "no-such-decision")
            #expect(
                unknown.exitCode == 1 && unknown.errors.contains("unknown decision, request or run id"), "\(unknown)")
            try gateway.stop()
        }
    }

    @Test func aSetupCodeIsAnAddressAndAToken() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let code = try gateway.cli.run("qr", "--setup-code-only", "--public-url", "wss://gw.example:8443")
            let text = try #require(code.lines.first).replacing("-", with: "+").replacing("_", with: "/")
            let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
            let payload = try JSONParser.parse(Array(try #require(Data(base64Encoded: padded))))
            #expect(payload["url"]?.string == "wss://gw.example:8443")
            #expect(payload["bootstrapToken"]?.string?.count == 43)
            try gateway.stop()
        }
    }
}
