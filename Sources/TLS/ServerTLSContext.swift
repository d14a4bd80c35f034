internal import COpenSSL

/// What all accepted connections of one reactor share: certificate, key, versions, tickets.
///
/// Contexts are made per reactor, since threads that share an `SSL_CTX` contend for its counters; ``makeSibling()``
/// shares what is expensive and what clients must find on every reactor.
package final class ServerTLSContext: Sendable {
    /// The certificate that clients see.
    package let info: CertificateInfo

    let context: ContextHandle
    private let keyPair: KeyPair
    private let ticketKeys: TicketKeys

    /// - Parameters:
    ///   - certificatePEM: The leaf, followed by intermediate certificates if there are any.
    ///   - privateKeyPEM: The leaf's key, not encrypted.
    /// - Throws: ``TLSError/keyMismatch`` when they do not belong together.
    package convenience init(certificatePEM: String, privateKeyPEM: String) throws(TLSError) {
        let keyPair = try KeyPair(certificatePEM: certificatePEM, privateKeyPEM: privateKeyPEM)
        try self.init(keyPair, info: CertificateInfo(keyPair.leaf), ticketKeys: TicketKeys())
    }

    private init(_ keyPair: KeyPair, info: CertificateInfo, ticketKeys: TicketKeys) throws(TLSError) {
        self.keyPair = keyPair
        self.info = info
        self.ticketKeys = ticketKeys
        context = try ContextHandle(.server)
        try configure()
    }

    /// A context for another reactor: the same parsed certificate and key, and the same ticket keys.
    package func makeSibling() throws(TLSError) -> ServerTLSContext {
        try ServerTLSContext(keyPair, info: info, ticketKeys: ticketKeys)
    }

    /// Seals tickets with a new key from now on, for all siblings. Tickets of the key before stay valid until the next
    /// rotation. A ticket lives two hours, so rotating less often than that costs nobody a full handshake.
    package func rotateTicketKeys() {
        ticketKeys.rotate()
    }

    private func configure() throws(TLSError) {
        let pointer = unsafe context.pointer
        try context.check(Int(unsafe SSL_CTX_use_certificate(pointer, keyPair.leaf.handle)))
        for issuer in keyPair.chain.dropFirst() {
            try context.check(unsafe sallyport_SSL_CTX_add1_chain_cert(pointer, issuer.handle))
        }
        try context.check(Int(unsafe SSL_CTX_use_PrivateKey(pointer, keyPair.privateKey.handle)))
        unsafe SSL_CTX_set_options(
            pointer, sallyport_SSL_OP_CIPHER_SERVER_PREFERENCE | sallyport_SSL_OP_PRIORITIZE_CHACHA)
        // A client uses a ticket once and gets the next with the connection it resumes, so one at a time is enough;
        // OpenSSL's two cost another key derivation and encryption per handshake.
        try context.check(Int(unsafe SSL_CTX_set_num_tickets(pointer, 1)))
        try context.check(Int(unsafe SSL_CTX_set_max_early_data(pointer, 0)))
        try context.check(Int(unsafe SSL_CTX_set_recv_max_early_data(pointer, 0)))
        // Sessions are bound to this name. All contexts serve the same, or their ticket keys differ.
        let sessionContext: [UInt8] = Array("sallyport".utf8)
        try context.check(
            Int(unsafe SSL_CTX_set_session_id_context(pointer, sessionContext, UInt32(sessionContext.count))))
        try context.check(unsafe ticketKeys.install(in: pointer) ? 1 : 0)
        unsafe SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, selected, selectedLength, offered, offeredLength, _ in
                guard let offered = unsafe offered else { return SSL_TLSEXT_ERR_NOACK }
                let protocols = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))
                guard let name = unsafe ApplicationProtocol.http11(in: protocols.span) else {
                    return SSL_TLSEXT_ERR_NOACK
                }
                // OpenSSL copies the name before the ClientHello goes away.
                unsafe selected?.pointee = offered + name.lowerBound
                unsafe selectedLength?.pointee = UInt8(name.count)
                return SSL_TLSEXT_ERR_OK
            }, nil)
    }
}
