/// The pins of one peer. It is trusted when any of them matches, so that a backup pin can be given out before a
/// certificate changes (RFC 7469 §4.3).
package struct PinSet: Sendable, Equatable {
    package let pins: [CertificatePin]

    package init(_ pins: [CertificatePin]) {
        self.pins = pins
    }

    /// Reads one pin, or several with commas between them: the one in use and its backups.
    ///
    /// - Returns: `nil` when any part is not a pin.
    package init?(_ text: String) {
        var pins: [CertificatePin] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let pin = CertificatePin(String(part)) else { return nil }
            if !pins.contains(pin) { pins.append(pin) }
        }
        self.pins = pins
    }

    /// As ``init(_:)-(String)`` reads them.
    package var text: String { pins.map(\.hex).joined(separator: ",") }

    /// Whether a pin is that of the DER certificate or that of its SubjectPublicKeyInfo; both digests are 32 bytes.
    /// An empty set matches nothing.
    package func matches(certificateSHA256: [UInt8], spkiSHA256: [UInt8]) -> Bool {
        pins.contains { $0.sha256 == certificateSHA256 || $0.sha256 == spkiSHA256 }
    }
}
