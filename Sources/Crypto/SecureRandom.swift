internal import COpenSSL

/// Randomness of OpenSSL's generator, seeded by the kernel.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        guard let length = Int32(exactly: count) else { preconditionFailure("random bytes come in less than 2 GiB") }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            // Without randomness no key, token or id is safe, and there is nothing to fall back to.
            guard unsafe RAND_bytes(output.baseAddress, length) == 1 else {
                preconditionFailure("the system gives no randomness")
            }
            initialized = count
        }
    }

    /// A random UUID (RFC 9562 §5.4), lower case with hyphens.
    package static func uuid() -> String {
        var raw = bytes(16)
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        var text: [UInt8] = []
        for (index, digit) in Hex.encode(raw).utf8.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// 256 bits as base64url, 43 characters.
    package static func token() -> String {
        Base64URL.encode(bytes(32))
    }
}
