import Testing

/// The log of a start says what each policy key widens, and status repeats what is dangerous.
struct PolicyLogTests {
    @Test func eachPolicyKeyIsSaidAtTheStart() async throws {
        try await scenario {
            let configuration = GatewayConfiguration(
                gateway: """
                    mode: "local", tls: { enabled: true }, auth: { mode: "token", token: "my-token", onRotate: "continue" },
                    pairing: { loopbackExempt: true, internalSpawnBypass: false }, security: { enforcePairing: false }
                    """, more: "security: { devicePairing: { requireForExternal: false, skipForLoopback: true } }")
            let gateway = try GatewayProcess(configuration.text)
            for (level, words) in [
                ("INFO", "gateway.auth.onRotate: \"continue\" widens: "),
                ("INFO", "gateway.pairing.loopbackExempt: true widens: "),
                ("INFO", "gateway.pairing.internalSpawnBypass: false narrows: "),
                ("WARN", "gateway.security.enforcePairing: false widens: "),
                ("WARN", "security.devicePairing.requireForExternal: false widens: "),
                ("INFO", "security.devicePairing.skipForLoopback: true widens: "),
            ] {
                _ = try gateway.waitForLog("[gateway] \(level) ", words, "openclaw.json:")
            }
            _ = try gateway.waitForLog("Loopback pairing exemption: enabled")
            _ = try gateway.waitForLog("Internal spawn bypass: disabled")
            let status = try gateway.cli.run("gateway", "status")
            #expect(status.output.contains("Warning:   gateway.security.enforcePairing: false widens"), "\(status)")
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n").filter {
                $0.contains(" widens: ") || $0.contains(" narrows: ")
            }
            #expect(lines.count == 6, "\(lines)")
        }
    }
}
