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
            guard let pin = CertificatePin(text) else { throw .pin(text) }
            return pin
        }
        var options = ConnectOptions(url: url)
        options.trust = .pins(PinSet([CertificatePin(sha256: [UInt8](repeating: 0, count: 32))]))
        options.connectTimeout = .milliseconds(try invocation.arguments.integer("timeout", in: 1...600_000) ?? 10_000)
        do {
            _ = try GatewayClient.connect(options)
            throw CommandFailure("the gateway at \(url) showed no certificate")
        } catch ClientError.tls(.pinMismatch(_, let actual)) {
            if let expected, try expected.hex != actual && !serves(expected, options) {
                throw CommandFailure(
                    "\(url) serves sha256:\(actual), not sha256:\(expected.hex)",
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

    /// Whether the pin is that of the public key, which the refusal does not name.
    private static func serves(_ pin: CertificatePin, _ options: ConnectOptions) throws(ClientError) -> Bool {
        var options = options
        options.trust = .pins(PinSet([pin]))
        do throws(ClientError) {
            try GatewayClient.connect(options).close()
        } catch {
            switch error {
            case .tls(.pinMismatch): return false
            // Whatever is refused now is refused behind the pin.
            case .refused, .closed, .upgradeRefused: return true
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
        let locations = try Locations.resolve(invocation)
        let result = ConfigFiles.load(locations, environment: invocation.environment)
        guard let configuration = result.configuration else { throw CommandFailure.configuration(result) }
        let path = configuration.gateway.tls.certPath ?? StateDirectory(locations.stateDirectory).certificate
        let info: CertificateInfo
        do {
            info = try CertificateInfo(pem: String(decoding: try Files.read(path, maxBytes: 1 << 20), as: UTF8.self))
        } catch let error as FileError where !error.isMissing {
            throw CommandFailure.configuration(
                "cannot read the certificate: \(error)", hint: "run this as the user that the gateway runs as")
        } catch {
            throw CommandFailure(
                "cannot read the certificate: \(error)",
                hint: "it is made when the gateway starts with TLS for the first time")
        }
        if invocation.arguments.has("json") {
            invocation.terminal.print(
                JSON.object(
                    JSONObject([
                        ("certificateSHA256", .string(info.certificateSHA256Hex)),
                        ("spkiSHA256", .string(info.spkiSHA256Hex)), ("path", .string(path)),
                        ("subject", .string(info.subject)),
                        ("subjectAlternativeNames", .array(info.subjectAlternativeNames.map { .string($0) })),
                        ("notAfter", .integer(info.notAfter)),
                    ])
                ).prettyPrinted())
            return 0
        }
        invocation.terminal.print(
            """
            certificate sha256:\(info.certificateSHA256Hex)
            public key  sha256:\(info.spkiSHA256Hex)
            valid until \(Timestamp.text(info.notAfter * 1000)) UTC, names \(info.subjectAlternativeNames.joined(separator: " "))
            """)
        return 0
    }
}
