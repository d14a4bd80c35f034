import Files
import Testing

/// What keeps a gateway from starting, and what a command says when there is none.
struct StartFailureTests {
    private static let local = #"{ gateway: { mode: "local", tls: { enabled: true } } }"#

    @Test(arguments: [
        ("{ gateway: {", "openclaw.json:1:13: error: not valid JSON5", "\n  rule=config-syntax\n"),
        ("{}", "gateway.mode is not set", #"add the line gateway: { mode: "local" }"#),
        (
            #"{ gateway: { mode: "remote" } }"#, "only connects to a gateway elsewhere\n  rule=serves-elsewhere\n",
            #"gateway: { mode: "local" }"#
        ),
        (
            #"{ gateway: { mode: "local", bind: "lan", auth: { mode: "none" } } }"#,
            #"while gateway.auth.mode is "none""#, "loopback"
        ),
        (
            #"{ gateway: { mode: "local", tls: { enabled: true, fingerprint: "sha256:\#(String(repeating: "a", count: 64))" } } }"#,
            "gateway.tls.fingerprint does not match the certificate", "set gateway.tls.fingerprint"
        ),
        (
            #"{ gateway: { mode: "local", tls: { enabled: true, certPath: "/nonexistent/cert.pem" } } }"#,
            "gateway.tls.certPath is set without gateway.tls.keyPath", "set both or neither"
        ),
    ])
    func aConfigurationThatCannotBeUsedEndsWith78(_ text: String, _ message: String, _ hint: String) throws {
        let sandbox = try Sandbox()
        try sandbox.write("state/openclaw.json", text)
        let outcome = try sandbox.run("gateway", "run", "--port", "0")
        #expect(outcome.exitCode == 78)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(outcome.errors.contains(hint), "\(outcome.errors)")
    }

    @Test(arguments: ["sessions list", "devices list", "gateway status", "tls fingerprint", "sessions_spawn -- x"])
    func aBrokenConfigurationIsNotTakenForAStoppedGateway(_ line: String) throws {
        let sandbox = try Sandbox()
        let words = line.split(separator: " ").map(String.init)
        try sandbox.write("state/openclaw.json", "{ gateway: {")
        let broken = try sandbox.run(words)
        #expect(broken.exitCode == 78)
        #expect(broken.errors.contains("openclaw.json:1:13: error: not valid JSON5"), "\(broken.errors)")
        let config = ["--config", sandbox.path + "/none.json"]
        let missing = try sandbox.run(words.filter { $0 != "--" } + config)
        #expect(missing.exitCode == 78)
        #expect(missing.errors.contains("check --config"), "\(missing.errors)")
    }

    @Test func withoutAGatewayACommandSaysHowToStartOne() throws {
        let sandbox = try Sandbox()
        for words in [["sessions", "list"], ["gateway", "status"], ["devices", "list", "--json"]] {
            let outcome = try sandbox.run(words)
            #expect(outcome.exitCode == 1)
            #expect(outcome.output.isEmpty == !words.contains("--json"))
            #expect(outcome.errors.contains("no gateway is running on \(sandbox.stateDirectory)"))
            #expect(outcome.errors.contains("hint: start one with: sallyport gateway run"))
        }
        try sandbox.write("state/openclaw.json", #"{ gateway: { mode: "local", port: 1 } }"#)
        let configured = try sandbox.run("sessions", "list")
        #expect(configured.exitCode == 1)
        #expect(configured.errors.contains("no gateway is running on \(sandbox.stateDirectory): "))
        #expect(configured.errors.contains("hint: start one with: sallyport gateway run"))
    }

    @Test func aStateDirectoryThatIsNoneIsNotTakenForAStoppedGateway() throws {
        let sandbox = try Sandbox()
        let file = try sandbox.write("file", "")
        for words in [["sessions", "list"], ["gateway", "run", "--port", "0"]] {
            let outcome = try sandbox.run(words + ["--state-dir", file])
            #expect(outcome.exitCode == 78)
            #expect(outcome.errors.contains("cannot use the state directory: \(file)/run"), "\(outcome.errors)")
        }
    }

    @Test func theSecondGatewayIsToldWhoWasFirst() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.local)
        let sameState = try sandbox.run("gateway", "run", "--port", "0")
        #expect(sameState.exitCode == 78)
        let holder = "uses the state directory \(sandbox.stateDirectory) (process \(gateway.pid))"
        #expect(sameState.errors.contains(holder), "\(sameState.errors)")
        #expect(sameState.errors.contains("  rule=state-in-use\n"), "\(sameState.errors)")
        let port = gateway.url.split(separator: ":").last.map(String.init) ?? ""
        let samePort = try sandbox.run("gateway", "run", "--port", port, "--state-dir", sandbox.path + "/other")
        #expect(samePort.exitCode == 78)
        #expect(samePort.errors.contains("already listening on 127.0.0.1:\(port) by process \(gateway.pid)"))
        #expect(samePort.errors.contains("  rule=port-in-use\n"), "\(samePort.errors)")
        try gateway.stop()
    }

    @Test func halfAPairIsNotCompleted() throws {
        let sandbox = try Sandbox()
        try sandbox.startGateway(Self.local).stop()
        let key = sandbox.stateDirectory + "/gateway/tls/gateway-key.pem"
        Files.remove(key)
        let outcome = try sandbox.run("gateway", "run", "--port", "0")
        #expect(outcome.exitCode == 78)
        #expect(outcome.errors.contains("\(key) is missing although"), "\(outcome.errors)")
        #expect(!Files.exists(key))
    }

    @Test func aRelativeStateDirectoryIsThatOfTheWorkingDirectory() throws {
        let sandbox = try Sandbox()
        let outcome = try sandbox.run(shell: #""$SALLYPORT" sessions list --state-dir here/it"#)
        #expect(outcome.errors.contains("no gateway is running on \(sandbox.path)/here/it"), "\(outcome.errors)")
    }
}
