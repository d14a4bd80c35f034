/// The certificate and key with which we answer a server that asks for a client certificate. Read once.
package struct ClientIdentity: Sendable {
    let keyPair: KeyPair

    /// - Parameter keyPath: `nil` when the key stands in the certificate's file.
    /// - Throws: Errors that name the file.
    package init(certificatePath: String, keyPath: String?) throws(TLSError) {
        let pair = try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath ?? certificatePath)
        keyPair = try KeyPair(certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM)
    }
}
