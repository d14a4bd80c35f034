internal import Client
internal import Config
internal import Files
internal import JSON
internal import Server
internal import TLS

enum TLSCommands {
    /// Dials with a pin that no certificate has: the refusal names the one that was served, and nothing was sent to it.
    private static func printServed(_ url: String, _ invocation: Invocation) throws -> Int32 {
        let expected = try invocation.arguments["tls-fingerprint"].map { text throws(CommandFailure) in
            guard let pins = PinSet(text) else { throw .pin(text) }
            return pins
        }
        var options = ConnectOptions(url: url)
        options.trust = .pins(PinSet([CertificatePin(sha256: [UInt8](repeating: 0, count: 32))]))
        options.proxies = ProxySettings(environment: invocation.environment)
        options.connectTimeout = .milliseconds(try invocation.arguments.integer("timeout", in: 1...600_000) ?? 10_000)
        do {
            _ = try GatewayClient.connect(options)
            throw CommandFailure(.noCertificate, "the gateway at \(url) showed no certificate")
        } catch ClientError.tls(.pinMismatch(_, let actual)) {
            if let expected, try !expected.pins.contains(where: { $0.hex == actual }) && !serves(expected, options) {
                throw CommandFailure(
                    .otherCertificate,
                    "\(url) serves sha256:\(actual), not \(expected.pins.map { "sha256:\($0.hex)" }.joined(separator: " or "))",
                    hint: "if the certificate was replaced on purpose, use the new pin")
            }
            invocation.terminal.print(
                invocation.arguments.has("json")
                    ? JSON.object(JSONObject([("certificateSHA256", .string(actual)), ("url", .string(url))]))
                        .prettyPrinted()
                    : "certificate sha256:\(actual)")
            return 0
        }
    }

    /// Whether a pin is that of the public key, which the refusal does not name.
    private static func serves(_ pins: PinSet, _ options: ConnectOptions) throws(ClientError) -> Bool {
        var options = options
        options.trust = .pins(pins)
        do throws(ClientError) {
            try GatewayClient.connect(options).close()
        } catch {
            switch error {
            case .tls(.pinMismatch): return false
            // Whatever is refused now is refused behind the pin.
            case .refused, .closed, .upgradeRefused, .tls(.clientCertificateRefused): return true
            default: throw error
            }
        }
        return true
    }

    static let fingerprint = Command(
        "tls fingerprint",
        summary: "Prints the pins of the gateway's certificate; with --url, of what is served there.",
        options: CommandTable.clientOptions
    ) { invocation in
        if let url = invocation.arguments["url"] { return try printServed(url, invocation) }
        let certificate = try LocalCertificate(invocation)
        if invocation.arguments.has("json") {
            invocation.terminal.print(JSON.object(certificate.json).prettyPrinted())
            return 0
        }
        let info = certificate.info
        var lines = [
            "certificate sha256:\(info.certificateSHA256Hex)", "public key  sha256:\(info.spkiSHA256Hex)",
            "valid until \(Timestamp.text(info.notAfter * 1000)) UTC, "
                + "names \(info.subjectAlternativeNames.joined(separator: " "))",
        ]
        if let next = certificate.next {
            lines += [
                "", "from \(LocalCertificate.time(next)) on:", "certificate sha256:\(next.info.certificateSHA256Hex)",
                "public key  sha256:\(next.info.spkiSHA256Hex)",
            ]
        }
        invocation.terminal.print(lines.joined(separator: "\n"))
        return 0
    }

    private static let localOptions: [Command.Option] = [
        .init("state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
        .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
    ]

    static let show = Command(
        "tls show", summary: "Shows the gateway's certificate: whose, by whom, for which names, how long.",
        options: localOptions + [.init("json", nil, "print JSON")]
    ) { invocation in
        let certificate = try LocalCertificate(invocation)
        if invocation.arguments.has("json") {
            invocation.terminal.print(JSON.object(certificate.json).prettyPrinted())
            return 0
        }
        var lines = ["File:        \(certificate.path)"] + describe(certificate.info)
        if let next = certificate.next {
            lines += ["", "Next, from \(LocalCertificate.time(next)) on:"] + describe(next.info)
        }
        invocation.terminal.print(lines.joined(separator: "\n"))
        return 0
    }

    private static func describe(_ info: CertificateInfo) -> [String] {
        let warning = CertificateDates.warning(
            info, now: GatewayClock.systemMs() / 1000, remedy: "see sallyport tls rotate --help")
        return [
            "Subject:     \(info.subject)",
            "Issuer:      \(info.issuer == info.subject ? "itself" : info.issuer)",
            "Names:       \(info.subjectAlternativeNames.joined(separator: " "))",
            "Valid:       \(Timestamp.text(info.notBefore * 1000)) to \(Timestamp.text(info.notAfter * 1000)) UTC",
            "Certificate: sha256:\(info.certificateSHA256Hex)", "Public key:  sha256:\(info.spkiSHA256Hex)",
        ] + (warning.map { ["Warning:     \($0)"] } ?? [])
    }

    static let export = Command(
        "tls export", summary: "Prints the gateway's certificate in PEM, for clients that are to trust it.",
        options: localOptions,
        notes: [
            "During a rotation the next one follows it. Never prints the private key.",
            "Example: sallyport tls export > gateway.pem; NODE_EXTRA_CA_CERTS=gateway.pem node client.js",
        ]
    ) { invocation in
        let certificate = try LocalCertificate(invocation)
        for pem in [certificate.pem] + (certificate.next.map { [$0.certificatePEM] } ?? []) {
            // A file that somebody else put together may hold its key as well.
            invocation.terminal.printRaw(PEMText.certificates(of: pem))
        }
        return 0
    }

    static let rotate = Command(
        "tls rotate", summary: "Makes the pair that follows the generated one; clients learn of it before it is used.",
        options: localOptions + [
            .init(
                "overlap", "TIME", "how long the next pair is announced before it is used (90s, 10m, 24h; default 24h)"),
            .init("now", nil, "use it at once; of a pair that is announced already, do not wait for its time"),
            .init("cancel", nil, "take the announced pair back"), .init("json", nil, "print JSON"),
        ],
        notes: [
            "A running gateway tells every connected client and worker the next pin (event tls.pin.next), and whoever",
            "connects until then. From the announcement on clients may pin both: --tls-fingerprint PRESENT,NEXT.",
            "A gateway that is stopped when the time comes takes the next pair when it starts.",
        ]
    ) { invocation in try TLSRotation(invocation).run() }
}
