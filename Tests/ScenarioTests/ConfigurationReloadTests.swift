import Client
import Files
import Foundation
import JSON
import Testing

/// The configuration changes while the gateway runs.
struct ConfigurationReloadTests {
    private static func configuration(
        token: String = "my-token", more: String = "", agents: [GatewayConfiguration.Agent] = [.running("main")]
    ) -> String {
        var configuration = GatewayConfiguration(
            gateway: """
                mode: "local", bind: "loopback", tls: { enabled: true },
                auth: { mode: "token", token: "\(token)" }, reload: { debounceMs: 50 }, \(more)
                """)
        configuration.agents = agents
        return configuration.text
    }

    @Test func aNewAgentAndANewTrustedProxyAreTakenUpWithoutARestart() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let owner = try await gateway.owner()
            _ = try gateway.state.write(
                "openclaw.json",
                Self.configuration(
                    more: "trustedProxies: [\"10.9.8.7\"]",
                    agents: [.running("main"), .shell("fresh", "echo fresh \"$1\"")]))
            _ = try gateway.waitForLog("config reload applied", "gateway.trustedProxies", "agents.list[1].id")
            // The connection from before is still there, and knows the new agent.
            let run = try owner.spawn("now", agent: "fresh")
            #expect(try owner.result(of: run)["text"]?.string == "fresh now\n")
            owner.close()
            try gateway.stop()
            #expect(!gateway.log.contains("restart needed"))
        }
    }

    @Test func aBadFileKeepsTheLastGoodOneAndSaysWhatIsWrong() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            _ = try gateway.state.write(
                "openclaw.json", Self.configuration(more: "trustedProxies: [\"nobody\"], handshakeTimeoutMs: \"many\""))
            let line = try gateway.waitForLog("config reload skipped (invalid config)", "gateway.trustedProxies")
            #expect(line.contains("openclaw.json:") && line.contains("(rule=config-invalid-value)"), "\(line)")
            _ = try gateway.waitForLog("config reload skipped (invalid config)", "gateway.handshakeTimeoutMs must be")
            let owner = try await gateway.owner()
            #expect(try owner.request("config.get")["valid"] == false)
            owner.close()
            // And a mended one is taken up.
            _ = try gateway.state.write("openclaw.json", Self.configuration(more: "allowRealIpFallback: true"))
            _ = try gateway.waitForLog("config reload applied: gateway.allowRealIpFallback")
            try gateway.stop()
        }
    }

    @Test func whatAStartWouldBeRefusedForIsNotTakenUpAndItsRuleIsNamed() async throws {
        try await scenario {
            let text = Self.configuration()
            let gateway = try GatewayProcess(text)
            let isolation = "isolation: { type: \"bwrap\", binds: [\"/nonexistent\"] }"
            let owner = try await gateway.owner()
            do {
                _ = try owner.request(
                    "config.patch",
                    [
                        "raw": .string("{ agents: { defaults: { \(isolation) } } }"),
                        "baseHash": try owner.request("config.get")["hash"] ?? .null,
                    ])
                Issue.record("it was taken")
            } catch ClientError.refused(let error, _, _) {
                let issue = error.details["issues"]?.array?.first
                #expect(issue?["code"] == "isolation-bind", "\(error)")
                #expect(issue?["message"]?.string?.contains("/nonexistent does not exist") == true, "\(error)")
                #expect(error.details["remediationHint"] == issue?["remedy"], "\(error)")
            }
            owner.close()
            _ = try gateway.state.write(
                "openclaw.json", text.replacing("defaults: {", with: "defaults: { \(isolation),"))
            let line = try gateway.waitForLog("config reload skipped: ", "/nonexistent does not exist; ")
            #expect(line.contains("(rule=isolation-bind)"), "\(line)")
            try gateway.stop()
        }
    }

    @Test func whatNeedsARestartIsSaidInLogAndStatusUntilItIsPutBack() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let owner = try await gateway.owner()
            _ = try gateway.state.write("openclaw.json", Self.configuration(more: "handshakeTimeoutMs: 9000"))
            _ = try gateway.waitForLog("restart needed for: gateway.handshakeTimeoutMs")
            let status = try owner.request("status")
            #expect(status["restartRequired"] == ["gateway.handshakeTimeoutMs"])
            #expect(
                status["warnings"]?.array?.contains { $0.string?.contains("restart needed for: gateway.h") ?? false }
                    == true)
            _ = try gateway.state.write("openclaw.json", Self.configuration())
            try eventually("nothing waits for a restart any more") {
                try owner.request("status")["restartRequired"] == []
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aNewTokenClosesThoseWhoCameWithTheOldOneAndDevicesStay() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let directory = try TemporaryDirectory()
            let old = try await gateway.owner()
            let run = try old.spawn("while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo done")
            try old.waitUntilRunning(run)
            let enrolled = try old.request(
                "device.enroll.create", ["scopes": ["operator.read"], "uses": 1, "label": "stays"])
            var options = gateway.options(token: nil, scopes: ["operator.read"])
            options.bootstrapToken = try #require(enrolled["token"]?.string)
            options.device = try DeviceKeyFile.loadOrCreate(directory.path + "/device.json")
            let device = try await gateway.connect(options)

            _ = try gateway.state.write("openclaw.json", Self.configuration(token: "another-token"))
            _ = try gateway.waitForLog("config reload applied: gateway.auth.token")
            let end = try #require(old.end(within: .seconds(20)))
            #expect("\(end)".contains("gateway auth changed"), "\(end)")
            // A device with a token of its own stays.
            #expect(try device.request("health")["ok"] == true)
            device.close()
            let refusal = try await gateway.refusal(of: gateway.options())
            #expect("\(refusal)".contains("token"), "\(refusal)")
            let owner = try await gateway.connect(
                gateway.options(token: "another-token", scopes: ["operator.admin"]))
            // What began with the old token has ended.
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "killed", "\(result)")
            // And what begins now has the new one.
            let fresh = try owner.spawn("echo fresh")
            #expect(try owner.result(of: fresh)["text"]?.string == "fresh\n")
            owner.close()
            try eventually("the workers have ended") { gateway.processes.count == 1 }
            try gateway.stop()
        }
    }

    @Test func anIncludedFileIsWatchedAndAHangupReadsInModeOff() async throws {
        try await scenario {
            let state = try TemporaryDirectory()
            _ = try state.write("cron.json5", "{ enabled: true }")
            let text = { (mode: String) in
                """
                { gateway: { mode: "local", tls: { enabled: true }, auth: { token: "my-token" },
                  reload: { mode: "\(mode)", debounceMs: 50 } }, cron: { $include: "./cron.json5" } }
                """
            }
            _ = try state.write("openclaw.json", text("hybrid"))
            let gateway = try GatewayProcess(nil, state: state)
            _ = try state.write("cron.json5", "{ enabled: false }")
            _ = try gateway.waitForLog("the files changed: config reload applied: cron.enabled")
            let owner = try await gateway.owner()
            #expect(try owner.request("cron.status")["enabled"] == false)
            _ = try state.write("openclaw.json", text("off"))
            _ = try gateway.waitForLog("config reload applied: gateway.reload.mode")
            _ = try state.write("cron.json5", "{ enabled: true }")
            #expect(kill(gateway.pid, SIGHUP) == 0)
            _ = try gateway.waitForLog("SIGHUP: config reload applied: cron.enabled")
            #expect(try owner.request("cron.status")["enabled"] == true)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aFileThatIsGoneChangesNothing() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            try FileManager.default.removeItem(atPath: gateway.state.path + "/openclaw.json")
            _ = try gateway.waitForLog("config reload skipped: the configuration file is gone")
            let owner = try await gateway.owner()
            let run = try owner.spawn("echo still here")
            #expect(try owner.result(of: run)["text"]?.string == "still here\n")
            owner.close()
            try gateway.stop()
        }
    }
}
