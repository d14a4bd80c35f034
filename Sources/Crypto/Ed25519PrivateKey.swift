internal import COpenSSL

/// An Ed25519 private key. Owns OpenSSL's key and one copy of the seed, which it wipes when it goes away.
///
/// `@unchecked Sendable`: everything is immutable after `init`, and OpenSSL allows concurrent signing with one
/// `EVP_PKEY` as each signature has its own context.
@safe package final class Ed25519PrivateKey: @unchecked Sendable {
    /// The 32 raw bytes of the public key.
    package let publicKey: [UInt8]

    private let key: OpaquePointer
    private let seedBytes: UnsafeMutableRawBufferPointer

    /// - Parameter seed: The private key of RFC 8032 §5.1.5, 32 bytes.
    package init(seed: [UInt8]) throws(CryptoError) {
        guard seed.count == Ed25519.keyLength else { throw .invalidSeedLength(seed.count) }
        guard let key = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            ERR_clear_error()
            throw .keyRejected
        }
        var publicKey = [UInt8](repeating: 0, count: Ed25519.keyLength)
        var length = publicKey.count
        guard unsafe EVP_PKEY_get_raw_public_key(key, &publicKey, &length) == 1, length == Ed25519.keyLength else {
            unsafe EVP_PKEY_free(key)
            ERR_clear_error()
            throw .keyRejected
        }
        unsafe self.key = key
        self.publicKey = publicKey
        unsafe seedBytes = .allocate(byteCount: seed.count, alignment: 1)
        unsafe seedBytes.copyBytes(from: seed)
    }

    deinit {
        unsafe EVP_PKEY_free(key)
        unsafe OPENSSL_cleanse(seedBytes.baseAddress, seedBytes.count)
        unsafe seedBytes.deallocate()
    }

    /// A copy of the 32-byte seed, to store it or to derive from it; ``wipe(_:)`` it when it is no longer needed.
    package var seed: [UInt8] {
        unsafe [UInt8](seedBytes)
    }

    /// The 64-byte signature of `message`. Deterministic (RFC 8032 §5.1.6).
    package func sign(_ message: [UInt8]) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: Ed25519.signatureLength)
        var length = signature.count
        guard unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            unsafe EVP_DigestSign(context, &signature, &length, message, message.count) == 1,
            length == Ed25519.signatureLength
        else { preconditionFailure("OpenSSL could not sign with a key it has accepted") }
        return signature
    }
}
