import Files
import JSON
import Testing

/// `sallyport tls …` and what the other commands do with pins, authorities and a gateway elsewhere.
struct TLSCommandTests {
    private static let local = #"{ gateway: { mode: "local", tls: { enabled: true } } }"#

    @Test(arguments: [
        ("--now --cancel", "--now and --cancel exclude each other"), ("--overlap 10", "--overlap must be a time"),
        ("--overlap soon", "--overlap must be a time"), ("--overlap -5m", "--overlap must be a time"),
        ("--overlap 91d", "at most 90d"), ("--overlap 99999999999999999999d", "--overlap must be a time"),
        ("--overlap 5m --now", "--overlap is of no use"), ("--overlap 5m --cancel", "--overlap is of no use"),
    ])
    func aWrongRotationIsAUsageError(_ words: String, _ message: String) throws {
        let outcome = try Sandbox().run(["tls", "rotate"] + words.split(separator: " ").map(String.init))
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test func aPairIsShownExportedAndReplacedWithoutAGateway() throws {
        let sandbox = try Sandbox()
        for command in ["show", "export", "rotate"] {
            let early = try sandbox.run("tls", command)
            #expect(early.exitCode == 1)
            #expect(
                early.errors.contains("made when the gateway starts with TLS for the first time"), "\(early.errors)")
        }
        try sandbox.startGateway(Self.local).stop()
        let before = try sandbox.run("tls", "show", "--json").json()
        let pin = try #require(before["certificateSHA256"]?.string)
        #expect(before["issuer"] == "CN=openclaw-gateway")
        let shown = try sandbox.run("tls", "show").output
        #expect(shown.contains("Issuer:      itself\n") && shown.contains("Certificate: sha256:\(pin)\n"), "\(shown)")
        #expect(!shown.contains("Warning"))
        let exported = try sandbox.run("tls", "export").output
        #expect(exported == sandbox.text("state/gateway/tls/gateway-cert.pem"))

        let pending = try sandbox.run("tls", "rotate", "--overlap", "2h")
        #expect(pending.exitCode == 0 && pending.output.contains("in 2h\nNo gateway is running"), "\(pending)")
        #expect(try sandbox.run("tls", "show", "--json").json()["certificateSHA256"]?.string == pin)
        let twice = try sandbox.run("tls", "rotate")
        #expect(twice.exitCode == 1 && twice.errors.contains("hint: sallyport tls rotate --now uses it"), "\(twice)")
        let both = try sandbox.run("tls", "export").output
        #expect(both.hasPrefix(exported) && both.split(separator: "\n").count(where: { $0.contains("BEGIN") }) == 2)
        #expect(!both.contains("PRIVATE"))
        let next = try #require(try sandbox.run("tls", "show", "--json").json()["next"]?["certificateSHA256"]?.string)
        let now = try sandbox.run("tls", "rotate", "--now")
        #expect(now.exitCode == 0 && now.output.contains("The gateway will use it when it starts."), "\(now)")
        #expect(try sandbox.run("tls", "show", "--json").json()["certificateSHA256"]?.string == next)
        let gateway = try sandbox.startGateway(Self.local)
        #expect(gateway.pin == "sha256:\(next)")
        try gateway.stop()
    }

    @Test func aNameThatThePairDoesNotHaveIsSaidAndRotatedIn() throws {
        let sandbox = try Sandbox()
        let named = Self.local.replacing(
            "enabled: true", with: #"enabled: true, names: ["gateway.example", "192.0.2.7"]"#)
        // A pair that is made for these names has them.
        let first = try sandbox.startGateway(named)
        let pin = first.pin
        let names = try sandbox.run("tls", "show", "--json").output
        #expect(names.contains("DNS:gateway.example") && names.contains("IP:192.0.2.7"), "\(names)")
        try first.stop()
        // Another name changes nothing by itself, for clients pin the pair.
        let more = named.replacing("192.0.2.7", with: "192.0.2.8")
        let second = try sandbox.startGateway(more)
        #expect(second.pin == pin)
        let log = try sandbox.run("logs", "--limit", "100").output
        #expect(log.contains("the certificate does not name 192.0.2.8 (gateway.tls.names)"), "\(log)")
        #expect(log.contains("sallyport tls rotate"))
        let doctor = try sandbox.run("doctor").output
        #expect(doctor.contains("does not name 192.0.2.8") && doctor.contains("fix: sallyport tls rotate"), "\(doctor)")
        try second.stop()
        #expect(try sandbox.run("tls", "rotate", "--now").exitCode == 0)
        let rotated = try sandbox.run("tls", "show", "--json").output
        for name in ["DNS:gateway.example", "IP:192.0.2.7", "IP:192.0.2.8"] {
            #expect(rotated.contains(name), "\(rotated)")
        }
        let third = try sandbox.startGateway(more)
        #expect(third.pin != pin)
        #expect(try !sandbox.run("doctor").output.contains("does not name"))
        try third.stop()
    }

    @Test func aPairOfTheOwnersIsTheOwnersToReplace() throws {
        let sandbox = try Sandbox()
        try sandbox.startGateway(Self.local).stop()
        let tls = sandbox.stateDirectory + "/gateway/tls"
        for (block, message) in [
            (
                "certPath: \"\(tls)/gateway-cert.pem\", keyPath: \"\(tls)/gateway-key.pem\"",
                "gateway.tls.certPath names a certificate of your own"
            ),
            ("autoGenerate: false", "gateway.tls.autoGenerate is false"),
        ] {
            try sandbox.write(
                "state/openclaw.json", "{ gateway: { mode: \"local\", tls: { enabled: true, \(block) } } }")
            let refused = try sandbox.run("tls", "rotate")
            #expect(refused.exitCode == 78)
            #expect(refused.errors.contains(message) && refused.errors.contains("hint: replace the two files"))
        }
        try sandbox.write("state/openclaw.json", #"{ gateway: { mode: "local" } }"#)
        let off = try sandbox.run("tls", "rotate")
        #expect(off.exitCode == 78 && off.errors.contains("gateway.tls.enabled is false"), "\(off.errors)")
    }

    @Test func aNextPairThatCannotBeReadIsTakenBackAllTheSame() throws {
        let sandbox = try Sandbox()
        try sandbox.startGateway(Self.local).stop()
        #expect(try sandbox.run("tls", "rotate").exitCode == 0)
        try sandbox.write("state/gateway/tls/next-cert.pem", "nonsense")
        let shown = try sandbox.run("tls", "show")
        #expect(shown.exitCode == 1 && shown.errors.contains("hint: take it back: sallyport tls rotate --cancel"))
        _ = try sandbox.run("tls", "rotate", "--cancel")
        #expect(try sandbox.run("tls", "show").exitCode == 0)
        #expect(!Files.exists(sandbox.stateDirectory + "/gateway/tls/next-key.pem"))
    }

    @Test func commandsTakeBackupPinsAuthoritiesAndAGatewayElsewhere() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(
            #"{ gateway: { mode: "local", tls: { enabled: true }, auth: { token: "right" } } }"#)
        let pin = try #require(gateway.pin)
        let other = String(repeating: "ab", count: 32)
        let certificate = sandbox.stateDirectory + "/gateway/tls/gateway-cert.pem"
        func list(_ words: String...) throws -> Outcome {
            try sandbox.run(["sessions", "list", "--url", gateway.url, "--token", "right"] + words)
        }
        #expect(try list("--tls-fingerprint", "\(other),\(pin)").exitCode == 0)
        #expect(try list("--tls-fingerprint", "\(other),\(other)").exitCode == 1)
        #expect(try list("--tls-ca", certificate).exitCode == 0)
        let untrusted = try list("--tls-ca", "/nonexistent.pem")
        #expect(untrusted.exitCode == 1 && untrusted.errors.contains("/nonexistent.pem"), "\(untrusted.errors)")
        let both = try list("--tls-ca", certificate, "--tls-fingerprint", pin)
        #expect(both.exitCode == 2 && both.errors.contains("exclude each other"))
        let key = try list("--client-key", certificate)
        #expect(key.exitCode == 2 && key.errors.contains("--client-key needs --client-cert"))
        let noKey = try list("--client-cert", certificate)
        #expect(noKey.exitCode == 1 && noKey.errors.contains("private key is not readable"), "\(noKey.errors)")

        // A configuration that names the gateway, as on another machine.
        func remote(_ block: String) throws -> Outcome {
            try sandbox.write("elsewhere/openclaw.json", "{ gateway: { mode: \"remote\", remote: { \(block) } } }")
            return try sandbox.run("sessions", "list", "--state-dir", sandbox.path + "/elsewhere")
        }
        let url = "url: \"\(gateway.url)\""
        #expect(try remote("\(url), token: \"right\", tlsFingerprint: [\"\(other)\", \"\(pin)\"]").exitCode == 0)
        #expect(try remote("\(url), token: \"right\", tlsCaPath: \"\(certificate)\"").exitCode == 0)
        let wrong = try remote("\(url), token: \"right\", tlsFingerprint: \"\(other)\"")
        #expect(wrong.exitCode == 1 && wrong.errors.contains("Source: config gateway.remote.url"), "\(wrong.errors)")
        let missing = try remote("token: \"right\"")
        #expect(missing.exitCode == 78)
        #expect(missing.errors.contains("gateway remote mode misconfigured: gateway.remote.url missing"))
        try gateway.stop()
    }
}
