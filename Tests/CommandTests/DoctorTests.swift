import Agents
import Files
import Foundation
import JSON
import Testing

/// What doctor finds, says and mends.
struct DoctorTests {
    private static let configuration = """
        {
          gateway: { mode: "local", tls: { enabled: true } },
          agents: { list: [{ id: "main", default: true, exec: { command: ["echo", "{task}"], stdin: "none" } }] },
        }
        """

    /// By check, of these severities.
    private static func findings(_ outcome: Outcome, _ severities: String...) throws -> [String: String] {
        let all = try outcome.json()["findings"]?.array ?? []
        return Dictionary(
            all.filter { severities.contains($0["severity"]?.string ?? "") }.map {
                ($0["check"]?.string ?? "", $0["message"]?.string ?? "")
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test func aHealthyGatewayHasNothingWrong() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let report = try sandbox.run("doctor", "--json")
        #expect(report.exitCode == 0, "\(report.output)")
        #expect(try Self.findings(report, "error") == [:])
        let good = try Self.findings(report, "ok")
        for check in ["configuration", "agents", "permissions", "disk", "certificate", "reachability"] {
            #expect(good[check] != nil, "\(check): \(report.output)")
        }
        #expect(good["reachability"]?.contains(gateway.url) == true)
        // It only looks: no identity and no pairing come of it.
        #expect(!Files.exists(sandbox.stateDirectory + "/identity/device.json"))
        try gateway.stop()
    }

    @Test func everyErrorAndWarningHasAFix() throws {
        let sandbox = try Sandbox()
        try sandbox.startGateway(Self.configuration).stop()
        let port = try TCPSockets.freePort()
        let listener = try #require(TCPSockets.listen(port: port))
        defer { close(listener) }
        try sandbox.write(
            "state/openclaw.json",
            """
            {
              gateway: {
                mode: "local", port: \(port), bind: "lan", tls: { enabled: false }, auth: { mode: "token", token: "short" },
                security: { enforcePairing: false }, hosst: 1,
              },
              agents: { list: [{ id: "main", default: true, exec: { command: ["no-such-program-here"] } }] },
            }
            """)
        try sandbox.write("state/run/gateway.json", #"{"url": "wss://127.0.0.1:1", "pid": 99999999}"#)
        #expect(unsafe chmod(sandbox.stateDirectory + "/identity/gateway.json", 0o644) == 0)
        let report = try sandbox.run("doctor", "--json")
        #expect(report.exitCode == 1, "\(report.output)")
        for finding in try report.json()["findings"]?.array ?? [] {
            guard finding["severity"]?.string == "error" || finding["severity"]?.string == "warning" else { continue }
            #expect(finding["fix"]?.string?.isEmpty == false, "\(finding)")
        }
        let found = try Self.findings(report, "error", "warning")
        #expect(found["port"]?.contains("\(port) is taken by process") == true, "\(found)")
        #expect(found["agents"]?.contains("no-such-program-here is not there") == true, "\(found)")
        #expect(
            found["permissions"]?.contains("identity/gateway.json is open to others (mode 644)") == true, "\(found)")
        #expect(found["leftovers"]?.contains("run/gateway.json is of a gateway that is gone") == true, "\(found)")
        #expect(found["secrets"] != nil && found["configuration"] != nil, "\(found)")
        let text = try sandbox.run("doctor").output
        #expect(text.contains("         fix: chmod 600 "), "\(text)")
        #expect(text.contains("Some can be mended with: sallyport doctor --fix"), "\(text)")
    }

    @Test func whatIsSafeIsMended() throws {
        let sandbox = try Sandbox()
        try sandbox.startGateway(Self.configuration).stop()
        let key = sandbox.stateDirectory + "/identity/gateway.json"
        try sandbox.write("state/run/gateway.json", #"{"url": "wss://127.0.0.1:1", "pid": 99999999}"#)
        #expect(unsafe chmod(key, 0o644) == 0)
        #expect(unsafe chmod(sandbox.stateDirectory, 0o777) == 0)
        let port = try TCPSockets.freePort()
        try sandbox.write(
            "state/openclaw.json",
            Self.configuration.replacing("mode: \"local\"", with: "mode: \"local\", port: \(port)"))
        #expect(try sandbox.run("doctor").exitCode == 1)
        let mended = try sandbox.run("doctor", "--fix")
        #expect(mended.exitCode == 0, "\(mended.output)")
        #expect(mended.output.contains("         mended: chmod 600 \(key)"), "\(mended.output)")
        #expect(!Files.exists(sandbox.stateDirectory + "/run/gateway.json"))
        let after = try sandbox.run("doctor", "--json")
        #expect(after.exitCode == 0, "\(after.output)")
        #expect(try Self.findings(after, "error") == [:])
    }

    @Test func aCertificateThatIsNotThatOfTheGatewayIsTold() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let other = try Sandbox()
        try other.startGateway(Self.configuration).stop()
        let file = "/gateway/tls/gateway-cert.pem"
        // Half a pair: the gateway keeps the old one.
        try Files.writeAtomically(sandbox.stateDirectory + file, try Files.read(other.stateDirectory + file))
        let report = try sandbox.run("doctor", "--json")
        #expect(report.exitCode == 1)
        #expect(try Self.findings(report, "error")["certificate"]?.contains("the gateway serves sha256:") == true)
        try gateway.stop()
        Files.remove(sandbox.stateDirectory + "/gateway/tls/gateway-key.pem")
        #expect(
            try Self.findings(sandbox.run("doctor", "--json"), "error")["certificate"]?.contains("is missing although")
                == true)
    }

    @Test func aBrokenConfigurationIsCode78() throws {
        let sandbox = try Sandbox()
        try sandbox.write("state/openclaw.json", "{ gateway: { mode: \"local\", port: 99999999 } }")
        let report = try sandbox.run("doctor", "--json")
        #expect(report.exitCode == 78)
        #expect(try Self.findings(report, "error")["configuration"]?.contains("gateway.port must be") == true)
    }

    @Test func theLogsOfAGatewayThatIsGoneAreShown() throws {
        let sandbox = try Sandbox()
        let log = sandbox.path + "/log/gateway.log"
        let configuration = Self.configuration.replacing(
            "gateway: {", with: "logging: { file: \"\(log)\", fileStyle: \"logfmt\" }, gateway: {")
        try sandbox.startGateway(configuration).stop()
        let shown = try sandbox.run("logs", "--tail", "50")
        #expect(shown.exitCode == 0, "\(shown.errors)")
        #expect(shown.output.contains("subsystem=gateway msg=\"Gateway started on port"), "\(shown.output)")
        #expect(shown.errors.contains("the end of \(log)"))
        #expect(try sandbox.run("logs", "--limit", "1", "--json").json()["lines"]?.array?.count == 1)
    }
}
