internal import JSON

/// Reads `gateway.tls.*` and `gateway.remote.*`.
extension GatewayDecoder {
    func tls() -> TLSSettings {
        let section = section.section("tls")
        let settings = TLSSettings(
            enabled: section.bool("enabled", default: !hasFiles),
            autoGenerate: section.bool("autoGenerate", default: true),
            certPath: section.optionalPath("certPath"), keyPath: section.optionalPath("keyPath"),
            caPath: section.optionalPath("caPath"),
            clientCertificate: section.choice("clientCertificate", default: .required),
            fingerprints: fingerprints(section, "fingerprint"),
            names: section.strings(
                "names", allowed: "host names and IP addresses, such as host.example.net",
                check: Self.isCertificateName))
        for (present, missing) in [("certPath", "keyPath"), ("keyPath", "certPath")] {
            let isHalf = context.isSet(section.path(of: present)) && !context.isSet(section.path(of: missing))
            if isHalf {
                context.error(
                    .incomplete, section.path(of: missing),
                    "gateway.tls.\(present) is set without gateway.tls.\(missing)",
                    at: context.location(of: section.path(of: present)), remedy: "set both or neither")
            }
        }
        section.warnAboutUnknownKeys()
        return settings
    }

    /// What a certificate can name (RFC 5280 §4.2.1.6): an address, or a host name of letters, digits, hyphens and
    /// underscores (which Docker uses), whose first label may be `*`.
    private static func isCertificateName(_ text: String) -> Bool {
        if AddressSyntax.isAddress(text) { return true }
        guard text.utf8.count <= 253 else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.enumerated().allSatisfy { position, label in
            if label == "*" { return position == 0 && labels.count > 1 }
            let isHost = label.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            return isHost && (1...63).contains(label.utf8.count)
        }
    }

    func remote() -> RemoteSettings {
        let section = section.section("remote")
        let settings = RemoteSettings(
            url: section.optionalString("url"), token: section.secret("token"), password: section.secret("password"),
            tlsFingerprints: fingerprints(section, "tlsFingerprint"), tlsCAPath: section.optionalPath("tlsCaPath"),
            clientCertPath: section.optionalPath("clientCertPath"),
            clientKeyPath: section.optionalPath("clientKeyPath"))
        if settings.clientKeyPath != nil, settings.clientCertPath == nil {
            let path = section.path(of: "clientCertPath")
            context.error(
                .incomplete, path, "gateway.remote.clientKeyPath is set without gateway.remote.clientCertPath",
                at: context.location(of: section.path(of: "clientKeyPath")), remedy: "set both or neither")
        }
        section.warnAboutUnknownKeys(ignoring: [
            "transport", "sshTarget", "sshIdentity", "remotePort", "sshHostKeyPolicy",
        ])
        return settings
    }

    /// One fingerprint, several with commas between them, or an array: the one in use and the one to follow.
    private func fingerprints(_ section: Section, _ name: String) -> [String] {
        let show = { (pins: [String]) -> JSON in
            switch pins.count {
            case 0: .null
            case 1: .string(pins[0])
            default: .array(pins.map { .string($0) })
            }
        }
        return section.read(name, as: .either(.string, .list(.string)), default: [], show: show) {
            raw throws(Refusal) in
            let texts: [String]
            if raw.node.elements != nil {
                texts = try raw.strings(allowed: "SHA-256 digests of 64 hexadecimal digits")
            } else {
                texts = try raw.string().split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
            var pins: [String] = []
            for text in texts {
                guard let pin = Self.fingerprint(text) else {
                    throw Refusal(
                        allowed: "a SHA-256 of 64 hexadecimal digits, colons allowed, or several",
                        seen: texts.count == 1 ? nil : Seen.describe(.string(text)),
                        remedy: "sallyport tls fingerprint shows the one of the present certificate")
                }
                pins.append(pin)
            }
            return pins
        }
    }

    private static func fingerprint(_ text: String) -> String? {
        var text = RawSetting.trim(text.lowercased())
        for prefix in ["sha256:", "sha-256:"] where text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        text.removeAll { $0 == ":" || $0 == " " }
        let isHex = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        return isHex && text.utf8.count == 64 ? text : nil
    }
}
