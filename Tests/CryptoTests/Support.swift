import CryptoOracle

@testable import Crypto

/// A generator with a fixed seed, so that a failing input comes again.
struct FixedGenerator: RandomNumberGenerator {
    var state: UInt64

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}

/// Bytes from hex digits; spaces are for the eye.
func hex(_ text: String) -> [UInt8] {
    Hex.decode(text.filter { $0 != " " }) ?? []
}

/// Crypto++'s answers.
enum Oracle {
    static func sha256(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe oracle_sha256(message, message.count, &digest)
        return digest
    }

    static func sha1(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        unsafe oracle_sha1(message, message.count, &digest)
        return digest
    }

    static func hkdf(ikm: [UInt8], salt: [UInt8], info: [UInt8], length: Int) -> [UInt8]? {
        var okm = [UInt8](repeating: 0, count: length)
        let accepted = unsafe oracle_hkdf_sha256(
            ikm, ikm.count, salt, salt.count, info, info.count, &okm, length)
        return accepted ? okm : nil
    }

    static func publicKey(seed: [UInt8]) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 32)
        unsafe oracle_ed25519_public_key(seed, &key)
        return key
    }

    static func sign(_ message: [UInt8], seed: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        unsafe oracle_ed25519_sign(seed, message, message.count, &signature)
        return signature
    }

    static func isValid(signature: [UInt8], for message: [UInt8], publicKey: [UInt8]) -> Bool {
        unsafe oracle_ed25519_verify(publicKey, message, message.count, signature)
    }
}
