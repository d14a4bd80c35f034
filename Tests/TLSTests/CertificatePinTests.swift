import Testing

@testable import TLS

@Suite("Pins")
struct CertificatePinTests {
    static let digits = String(repeating: "ab01", count: 16)
    static let sha256 = [UInt8](repeating: 0, count: 32).indices.map { $0.isMultiple(of: 2) ? UInt8(0xAB) : 0x01 }

    @Test(
        "the spellings that tools print are read",
        arguments: [
            digits, digits.uppercased(), "sha256:" + digits, "SHA-256:" + digits, "sha-256 " + digits,
            "  sha256: " + digits + "\n",
            "SHA256 Fingerprint=" + Array(repeating: "AB:01", count: 16).joined(separator: ":"),
            "sha256:" + Array(repeating: "AB:01", count: 16).joined(separator: ":"),
        ])
    func spellings(_ text: String) {
        #expect(CertificatePin(text)?.sha256 == Self.sha256)
        #expect(CertificatePin(text)?.hex == Self.digits)
    }

    @Test(
        "anything but 64 hex digits is refused",
        arguments: [
            "", "sha256:", String(digits.dropLast()), digits + "0", String(digits.dropLast()) + "g", "sha1:" + digits,
            "sha256/" + digits, "xx" + digits,
        ])
    func refused(_ text: String) {
        #expect(CertificatePin(text) == nil)
    }

    @Test("a list holds the pin in use and its backups")
    func list() {
        let one = String(repeating: "ab", count: 32)
        let two = String(repeating: "cd", count: 32)
        let set = PinSet("sha256:\(one.uppercased()), \(two)\n")
        #expect(set?.pins.map(\.hex) == [one, two])
        #expect(set?.text == "\(one),\(two)")
        #expect(PinSet("\(one),\(one)")?.pins.count == 1)
        for text in ["", ",", "\(one),", ",\(one)", "\(one) \(two)", "\(one);\(two)", "\(one),x"] {
            #expect(PinSet(text) == nil, "\(text)")
        }
    }

    @Test("a set matches the certificate or the key, by any of its pins")
    func matching() throws {
        let pin = CertificatePin(sha256: Self.sha256)
        let other = [UInt8](repeating: 9, count: 32)
        let set = PinSet([CertificatePin(sha256: [UInt8](repeating: 7, count: 32)), pin])
        #expect(set.matches(certificateSHA256: Self.sha256, spkiSHA256: other))
        #expect(set.matches(certificateSHA256: other, spkiSHA256: Self.sha256))
        #expect(!set.matches(certificateSHA256: other, spkiSHA256: other))
        #expect(!PinSet([]).matches(certificateSHA256: other, spkiSHA256: other))
    }
}
