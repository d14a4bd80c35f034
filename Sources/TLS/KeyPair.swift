internal import COpenSSL

/// A certificate chain, leaf first, with the private key of the leaf. Parsed once, shared by all contexts.
struct KeyPair: Sendable {
    let chain: [Certificate]
    let privateKey: PrivateKey

    /// - Throws: ``TLSError/keyMismatch`` and the errors of its parts.
    init(certificatePEM: String, privateKeyPEM: String) throws(TLSError) {
        let chain = try Certificate.chain(pem: certificatePEM)
        let privateKey = try PrivateKey(pem: privateKeyPEM)
        guard unsafe X509_check_private_key(chain[0].handle, privateKey.handle) == 1 else {
            ErrorQueue.clear()
            throw .keyMismatch
        }
        self.chain = chain
        self.privateKey = privateKey
    }

    var leaf: Certificate { chain[0] }
}
