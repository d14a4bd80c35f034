/// Base64 with the standard alphabet (RFC 4648 §4).
package enum Base64 {
    /// With padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        Base64Coder.encode(bytes, alphabet: .standard, padded: true)
    }

    /// Padding may be left out, but not be wrong. `nil` for white space, for other characters and for non-zero
    /// trailing bits.
    package static func decode(_ text: String) -> [UInt8]? {
        Base64Coder.decode(text, alphabets: [.standard], padding: .optional)
    }
}

/// Base64 with the alphabet that is safe in URLs and file names (RFC 4648 §5).
package enum Base64URL {
    /// Without padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        Base64Coder.encode(bytes, alphabet: .url, padded: false)
    }

    /// Reads only what ``encode(_:)`` writes: no padding, no white space, trailing bits zero. So equal bytes have one
    /// spelling, as a signed token needs (RFC 7515 §2).
    package static func decode(_ text: String) -> [UInt8]? {
        Base64Coder.decode(text, alphabets: [.url], padding: .forbidden)
    }

    /// Reads either alphabet, mixed even, with or without padding, as peers send device keys and signatures.
    package static func decodeLenient(_ text: String) -> [UInt8]? {
        Base64Coder.decode(text, alphabets: [.url, .standard], padding: .optional)
    }
}
