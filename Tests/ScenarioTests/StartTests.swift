import Files
import Foundation
import Testing

private func permissions(of path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
}

/// How a gateway starts, and when it does not.
struct StartTests {
    @Test func aSecondGatewayOnTheSameStateIsToldWhoHoldsIt() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let second = try gateway.cli.run("gateway", "run", "--port", "0")
            #expect(second.exitCode == 78)
            #expect(second.errors.contains("process \(gateway.pid)"), "\(second)")
            #expect(second.errors.contains(gateway.state.path))
            try gateway.stop()
        }
    }

    @Test func aSecondGatewayOnTheSamePortIsToldWhoHoldsIt() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let other = try TemporaryDirectory()
            _ = try other.write("openclaw.json", GatewayConfiguration().text)
            let tool = CommandLineTool(stateDirectory: other.path, outputs: other.path)
            let second = try tool.run("gateway", "run", "--port", String(gateway.port))
            #expect(second.exitCode == 78)
            #expect(
                second.errors.contains(
                    "another gateway instance is already listening on 127.0.0.1:\(gateway.port) by process \(gateway.pid)"
                ), "\(second)")
            try gateway.stop()
        }
    }

    @Test func aFileWithoutModeIsRefusedWithTheLineToAdd() async throws {
        try await scenario {
            let state = try TemporaryDirectory()
            _ = try state.write("openclaw.json", "{\n  gateway: { bind: \"loopback\" },\n}\n")
            let tool = CommandLineTool(stateDirectory: state.path, outputs: state.path)
            let start = try tool.run("gateway", "run", "--port", "0")
            #expect(start.exitCode == 78)
            #expect(start.errors.contains("gateway.mode is not set"), "\(start)")
            #expect(start.errors.contains(#"add mode: "local""#), "\(start)")
            #expect(start.errors.contains("openclaw.json"))
        }
    }

    @Test func withoutConfigurationItIsLoopbackWithTLSAndATokenOfItsOwn() async throws {
        try await scenario {
            let gateway = try GatewayProcess(nil)
            #expect(
                gateway.listeners.allSatisfy {
                    $0.url.hasPrefix("wss://127.0.0.1:") || $0.url.hasPrefix("wss://[::1]:")
                })
            let pin = try #require(gateway.pin)
            #expect(pin.count == 64)
            #expect(permissions(of: gateway.tokenFile) == 0o600)
            _ = try gateway.waitForLog(gateway.tokenFile)
            let token = contents(of: gateway.tokenFile).split(separator: "\n").first.map(String.init) ?? ""
            #expect(token.utf8.count >= 32)

            let status = try gateway.cli.run("gateway", "status")
            #expect(status.exitCode == 0, "\(status)")
            #expect(status.output.contains("Pin:       sha256:\(pin)"))
            let fingerprint = try gateway.cli.run("tls", "fingerprint")
            #expect(fingerprint.output.contains("certificate sha256:\(pin)\n"))
            // The command line found the token by itself; another one it is told is refused.
            let list = try gateway.cli.run("sessions", "list", "--token", "wrong")
            #expect(list.exitCode == 1)
            #expect(list.errors.contains("gateway token mismatch"), "\(list)")
            try gateway.stop()
            #expect(!gateway.log.contains(token))
        }
    }
}
