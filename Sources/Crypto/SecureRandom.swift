internal import COpenSSL
internal import Synchronization

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

    /// Of what ids are made, drawn from OpenSSL in larger pieces: each draw costs as much as many ids.
    private static let pool = Mutex<[UInt8]>([])

    /// A random UUID (RFC 9562 §5.4), lower case with hyphens.
    package static func uuid() -> String {
        var raw = pool.withLock { pool in
            if pool.isEmpty { pool = bytes(1024) }
            let drawn = Array(pool.suffix(16))
            pool.removeLast(16)
            return drawn
        }
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        return unsafe String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            for (index, byte) in raw.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    unsafe text[end] = UInt8(ascii: "-")
                    end += 1
                }
                unsafe text[end] = Hex.digit(byte >> 4)
                unsafe text[end + 1] = Hex.digit(byte & 0x0F)
                end += 2
            }
            return end
        }
    }

    /// 256 bits as base64url, 43 characters.
    package static func token() -> String {
        Base64URL.encode(bytes(32))
    }
}
