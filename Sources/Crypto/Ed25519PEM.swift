/// Ed25519 keys as text: SubjectPublicKeyInfo and PKCS#8 (RFC 8410) in PEM (RFC 7468).
package enum Ed25519PEM {
    private static let publicKeyLabel = "PUBLIC KEY"
    private static let privateKeyLabel = "PRIVATE KEY"
    /// SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING of 32 bytes follows }
    private static let spkiPrefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    /// SEQUENCE { 0, SEQUENCE { 1.3.101.112 }, OCTET STRING { OCTET STRING of 32 bytes follows } }
    private static let pkcs8Prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    /// - Parameter raw: The 32 raw bytes.
    /// - Returns: A `PUBLIC KEY` block that ends in a newline.
    package static func publicKeyPEM(_ raw: [UInt8]) -> String {
        precondition(raw.count == Ed25519.keyLength, "an Ed25519 public key is 32 bytes")
        return block(publicKeyLabel, spkiPrefix + raw)
    }

    /// - Parameter seed: The 32-byte seed.
    /// - Returns: A `PRIVATE KEY` block that ends in a newline.
    package static func privateKeyPEM(_ seed: [UInt8]) -> String {
        precondition(seed.count == Ed25519.keyLength, "an Ed25519 seed is 32 bytes")
        return block(privateKeyLabel, pkcs8Prefix + seed)
    }

    /// The 32 raw bytes, or `nil` when `text` has no `PUBLIC KEY` block or it holds another kind of key.
    package static func publicKey(fromPEM text: String) -> [UInt8]? {
        key(publicKeyLabel, spkiPrefix, text)
    }

    /// The 32-byte seed, or `nil` when `text` has no `PRIVATE KEY` block or it holds another kind of key.
    package static func seed(fromPEM text: String) -> [UInt8]? {
        key(privateKeyLabel, pkcs8Prefix, text)
    }

    /// Both keys fit in one line of 64 characters, so there is nothing to wrap.
    private static func block(_ label: String, _ der: [UInt8]) -> String {
        "-----BEGIN \(label)-----\n\(Base64.encode(der))\n-----END \(label)-----\n"
    }

    private static func key(_ label: String, _ prefix: [UInt8], _ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        let begin = Array("-----BEGIN \(label)-----".utf8)
        let end = Array("-----END \(label)-----".utf8)
        guard let start = characters.firstIndex(of: begin, from: 0),
            let stop = characters.firstIndex(of: end, from: start + begin.count)
        else { return nil }
        let body = characters[(start + begin.count)..<stop].filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard let der = Base64.decode(String(decoding: body, as: UTF8.self)),
            der.count == prefix.count + Ed25519.keyLength, der.starts(with: prefix)
        else { return nil }
        return Array(der.dropFirst(prefix.count))
    }
}

extension [UInt8] {
    fileprivate func firstIndex(of needle: [UInt8], from start: Int) -> Int? {
        guard start <= count - needle.count else { return nil }
        return (start...(count - needle.count)).first { self[$0...].starts(with: needle) }
    }
}
