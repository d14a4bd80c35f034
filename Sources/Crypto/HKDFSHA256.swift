internal import COpenSSL

/// HKDF with HMAC-SHA-256 (RFC 5869).
///
/// Written over HMAC because OpenSSL 3.0's own HKDF refuses `info` of more than 32 KiB, and an `info` that holds a
/// session key with a 16-bit length may be longer.
package enum HKDFSHA256 {
    /// The longest output: 255 blocks (RFC 5869 §2.3).
    package static let maxOutputLength = 255 * 32

    /// `extract` (RFC 5869 §2.2). An empty salt means 32 zero bytes, as the RFC says.
    ///
    /// - Returns: The 32-byte `prk`.
    package static func extract(salt: [UInt8], ikm: [UInt8]) -> [UInt8] {
        hmac(key: salt.isEmpty ? [UInt8](repeating: 0, count: 32) : salt, ikm)
    }

    /// `expand` (RFC 5869 §2.3).
    ///
    /// - Parameter length: Bytes of output, 0 to ``maxOutputLength``.
    package static func expand(prk: [UInt8], info: [UInt8], length: Int) -> [UInt8] {
        precondition((0...maxOutputLength).contains(length), "HKDF gives at most 8160 bytes")
        var okm: [UInt8] = []
        okm.reserveCapacity(length + 32)
        var block: [UInt8] = []
        var counter: UInt8 = 0
        while okm.count < length {
            counter += 1
            var input = block
            input += info
            input.append(counter)
            block = hmac(key: prk, input)
            okm += block
        }
        okm.removeLast(okm.count - length)
        return okm
    }

    /// `extract`, then `expand`.
    package static func derive(ikm: [UInt8], salt: [UInt8], info: [UInt8], length: Int) -> [UInt8] {
        expand(prk: extract(salt: salt, ikm: ikm), info: info, length: length)
    }

    private static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        guard let keyLength = Int32(exactly: key.count) else {
            preconditionFailure("an HMAC key is shorter than 2 GiB")
        }
        let sha256 = DigestAlgorithm.sha256
        return unsafe [UInt8](unsafeUninitializedCapacity: sha256.length) { output, count in
            let result = unsafe key.withUnsafeBytes { key in
                unsafe message.withUnsafeBufferPointer { message in
                    unsafe HMAC(
                        sha256.handle, key.baseAddress, keyLength, message.baseAddress, message.count,
                        output.baseAddress, nil)
                }
            }
            guard unsafe result != nil else { preconditionFailure("OpenSSL could not compute an HMAC") }
            count = sha256.length
        }
    }
}
