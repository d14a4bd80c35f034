internal import Config
internal import Files
internal import JSON
internal import Server
internal import TLS

enum TLSCommands {
    static let fingerprint = Command(
        "tls fingerprint", summary: "Prints the pins of the gateway's certificate.",
        options: [
            .init("state-dir", "DIR", "state directory"), .init("config", "FILE", "configuration file"),
            .init("json", nil, "print JSON"),
        ]
    ) { invocation in
        let locations = try Locations.resolve(invocation)
        let configuration = ConfigFiles.load(locations, environment: invocation.environment).configuration
        let path = configuration?.gateway.tls.certPath ?? StateDirectory(locations.stateDirectory).certificate
        let info: CertificateInfo
        do {
            info = try CertificateInfo(pem: String(decoding: try Files.read(path, maxBytes: 1 << 20), as: UTF8.self))
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
            valid until \(Timestamp.text(info.notAfter * 1000)), names \(info.subjectAlternativeNames.joined(separator: " "))
            """)
        return 0
    }
}
