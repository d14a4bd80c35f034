/// The two digests by which clients recognise a certificate, SHA-256 in lower-case hexadecimal.
package struct CertificatePins: Equatable, Sendable {
    package let certificateSHA256: String
    package let spkiSHA256: String

    package init(certificateSHA256: String, spkiSHA256: String) {
        self.certificateSHA256 = certificateSHA256
        self.spkiSHA256 = spkiSHA256
    }
}

/// What clients have to know of the gateway's certificate.
package struct ServedCertificate: Equatable, Sendable {
    package let current: CertificatePins
    /// Takes the place of the current one at `effectiveAtMs`, milliseconds of the system's clock.
    package let next: CertificatePins?
    package let effectiveAtMs: Int64?

    package init(current: CertificatePins, next: CertificatePins? = nil, effectiveAtMs: Int64? = nil) {
        self.current = current
        self.next = next
        self.effectiveAtMs = effectiveAtMs
    }
}
