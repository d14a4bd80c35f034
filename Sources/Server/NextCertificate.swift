package import Config
package import TLS

/// The pair that is to take the place of the generated one, and when.
package struct NextCertificate: Sendable {
    package let info: CertificateInfo
    package let certificatePEM: String
    package let privateKeyPEM: String
    /// Milliseconds of the system's clock.
    package let effectiveAtMs: Int64

    package init(
        certificatePEM: String, privateKeyPEM: String, effectiveAtMs: Int64
    ) throws(TLSError) {
        info = try CertificateInfo(pem: certificatePEM)
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
        self.effectiveAtMs = effectiveAtMs
    }

    /// Makes a pair with a key of its own, for the names of `current` and those by which this host is reached now.
    package static func generate(
        following current: CertificateInfo, _ settings: GatewaySettings, effectiveAtMs: Int64, nowMs: Int64
    ) throws -> NextCertificate {
        var names = ["localhost", GatewayServer.hostName()] + settings.tls.hostNames
        var addresses = try ListenPlan.make(settings).reachableAddresses + settings.tls.addresses
        for name in current.subjectAlternativeNames {
            if name.hasPrefix("DNS:") { names.append(String(name.dropFirst(4))) }
            if name.hasPrefix("IP:") { addresses.append(String(name.dropFirst(3))) }
        }
        let pair = try SelfSignedCertificate.generate(dnsNames: names, ipAddresses: addresses, now: nowMs / 1000)
        return try NextCertificate(
            certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM, effectiveAtMs: effectiveAtMs)
    }
}
