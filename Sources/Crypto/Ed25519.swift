internal import COpenSSL

/// Ed25519 signatures (RFC 8032 §5.1), without pre-hash.
package enum Ed25519 {
    /// Size of a seed and of a public key in bytes.
    package static let keyLength = 32
    /// Size of a signature in bytes.
    package static let signatureLength = 64

    /// Whether `signature` is one of `publicKey` over `message`. A wrong length or an invalid point is just `false`.
    package static func isValid(signature: [UInt8], for message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == signatureLength, publicKey.count == keyLength else { return false }
        guard let key = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, keyLength) else {
            ERR_clear_error()
            return false
        }
        defer { unsafe EVP_PKEY_free(key) }
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1,
            unsafe EVP_DigestVerify(context, signature, signatureLength, message, message.count) == 1
        else {
            ERR_clear_error()
            return false
        }
        return true
    }
}
