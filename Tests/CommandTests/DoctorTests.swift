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

    /// All codes, each of which the catalogue has.
    private static func codes(_ sandbox: Sandbox, _ outcome: Outcome) throws -> Set<String> {
        let known = try sandbox.run("explain", "error", "--json").json()["errors"]?.array ?? []
        let all = Set(known.compactMap { $0["code"]?.string })
        var codes: Set<String> = []
        for finding in try outcome.json()["findings"]?.array ?? [] {
            guard let code = finding["code"]?.string else {
                #expect(["ok", "info"].contains(finding["severity"]?.string), "\(finding)")
                #expect(finding["fix"] == nil, "\(finding)")
                continue
            }
            #expect(all.contains(code) && finding["fix"]?.string?.isEmpty == false, "\(finding)")
            codes.insert(code)
        }
        return codes
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
        let codes = try Self.codes(sandbox, report)
        for code in [
            "config-unknown-key", "agent-program", "short-token", "plaintext-beyond-loopback", "pairing-not-enforced",
            "state-open", "leftover-file", "port-in-use", "gateway-not-running",
        ] {
            #expect(codes.contains(code), "\(code): \(report.output)")
        }
        let found = try Self.findings(report, "error", "warning")
        #expect(found["port"]?.contains("\(port) is taken by process") == true, "\(found)")
        #expect(found["agents"]?.contains("no-such-program-here is not there") == true, "\(found)")
        #expect(
            found["permissions"]?.contains("identity/gateway.json is open to others (mode 644)") == true, "\(found)")
        #expect(found["leftovers"]?.contains("run/gateway.json is of a gateway that is gone") == true, "\(found)")
        #expect(found["secrets"] != nil && found["configuration"] != nil, "\(found)")
        let text = try sandbox.run("doctor").output
        #expect(text.contains("(mode 644) [state-open]\n         fix: chmod 600 "), "\(text)")
        #expect(text.contains("More of each [code]: sallyport explain error CODE"), "\(text)")
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
        #expect(try Self.codes(sandbox, report).contains("certificate-not-served"), "\(report.output)")
        // As soon as it has looked at the file, its log says that it keeps the old one.
        try Sandbox.eventually("doctor tells of the log") {
            try Self.codes(sandbox, sandbox.run("doctor", "--json")).contains("logged-errors") ? () : nil
        }
        try gateway.stop()
        Files.remove(sandbox.stateDirectory + "/gateway/tls/gateway-key.pem")
        let stopped = try sandbox.run("doctor", "--json")
        #expect(try Self.findings(stopped, "error")["certificate"]?.contains("is missing although") == true)
        #expect(try Self.codes(sandbox, stopped).isSuperset(of: ["half-pair", "gateway-not-running"]))
    }

    @Test func aBrokenConfigurationIsCode78() throws {
        let sandbox = try Sandbox()
        try sandbox.write("state/openclaw.json", "{ gateway: { mode: \"local\", port: 99999999 } }")
        let report = try sandbox.run("doctor", "--json")
        #expect(report.exitCode == 78)
        #expect(try Self.findings(report, "error")["configuration"]?.contains("gateway.port must be") == true)
        #expect(try Self.codes(sandbox, report).contains("config-invalid-value"))
    }

    @Test func whatIsFoundOfAStateAndAHostNamesItsRule() throws {
        let sandbox = try Sandbox()
        let empty = try sandbox.run("doctor", "--json")
        #expect(empty.exitCode == 0, "\(empty.output)")
        #expect(try Self.codes(sandbox, empty).contains("no-configuration-file"), "\(empty.output)")

        try sandbox.startGateway(Self.configuration).stop()
        let token = sandbox.path + "/token"
        try sandbox.write("token", "secret")
        Files.remove(sandbox.stateDirectory + "/gateway/token")
        #expect(unsafe symlink(token, sandbox.stateDirectory + "/gateway/token") == 0)
        try sandbox.write(
            "state/openclaw.json",
            """
            {
              gateway: { mode: "local", tls: { enabled: true, names: ["elsewhere.example"] } },
              agents: { list: [{ id: "main", default: true }] },
            }
            """)
        let report = try sandbox.run(
            shell: "ulimit -n 512; SALLYPORT_STATE_DIR=\"$SANDBOX/state\" \"$SALLYPORT\" doctor --json")
        let codes = try Self.codes(sandbox, report)
        for code in ["certificate-names", "agent-without-command", "state-link", "few-descriptors"] {
            #expect(codes.contains(code), "\(code): \(report.output)")
        }

        try sandbox.write("state/gateway/tls/gateway-cert.pem", "nonsense")
        let unreadable = try sandbox.run("doctor", "--json")
        #expect(unreadable.exitCode == 1)
        #expect(
            try Self.findings(unreadable, "error")["certificate"]?.hasPrefix("cannot read the certificate: ") == true)
        // As `tls show` fails, and with a way out.
        let certificate = try unreadable.json()["findings"]?.array?.first { $0["code"] == "cli-no-certificate" }
        #expect(certificate?["fix"]?.string?.contains("gateway.tls.certPath") == true, "\(unreadable.output)")
    }

    /// A repair that does not go is told with what is left to do.
    @Test func whatCannotBeMendedKeepsItsFix() throws {
        let sandbox = try Sandbox()
        try sandbox.startGateway(Self.configuration).stop()
        // What was a file cannot be unlinked any more.
        try sandbox.write("state/run/owner.sock/file", "")
        let report = try sandbox.run("doctor", "--fix", "--json")
        let finding = try report.json()["findings"]?.array?.first { $0["code"] == "leftover-file" }
        #expect(finding?["fixable"] == true && finding?["repaired"] == nil, "\(report.output)")
        #expect(
            finding?["fix"]?.string?.hasPrefix("it could not be mended here: rm ") == true, "\(report.output)")
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
