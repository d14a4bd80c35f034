internal import COpenSSL

/// What all accepted connections of one reactor share: certificate, key, versions, tickets.
///
/// Contexts are made per reactor, since threads that share an `SSL_CTX` contend for its counters; ``makeSibling()``
/// shares what is expensive and what clients must find on every reactor.
package final class ServerTLSContext: Sendable {
    /// The certificate that clients see.
    package let info: CertificateInfo
    /// The certificate with its chain, as it was given.
    package let certificatePEM: String

    let context: ContextHandle
    private let keyPair: KeyPair
    private let ticketKeys: TicketKeys
    private let clientAuthorities: ClientAuthorities?

    /// - Parameters:
    ///   - certificatePEM: The leaf, followed by intermediate certificates if there are any.
    ///   - privateKeyPEM: The leaf's key, not encrypted.
    ///   - clientAuthorities: Clients are asked for a certificate of these; `nil` asks for none.
    /// - Throws: ``TLSError/keyMismatch`` when they do not belong together.
    package convenience init(
        certificatePEM: String, privateKeyPEM: String, clientAuthorities: ClientAuthorities? = nil
    ) throws(TLSError) {
        let keyPair = try KeyPair(certificatePEM: certificatePEM, privateKeyPEM: privateKeyPEM)
        try self.init(
            keyPair, certificatePEM: certificatePEM, info: CertificateInfo(keyPair.leaf), ticketKeys: TicketKeys(),
            clientAuthorities: clientAuthorities)
    }

    private init(
        _ keyPair: KeyPair, certificatePEM: String, info: CertificateInfo, ticketKeys: TicketKeys,
        clientAuthorities: ClientAuthorities?
    ) throws(TLSError) {
        self.keyPair = keyPair
        self.certificatePEM = certificatePEM
        self.info = info
        self.ticketKeys = ticketKeys
        self.clientAuthorities = clientAuthorities
        context = try ContextHandle(.server)
        try configure()
    }

    /// A context for another reactor: the same parsed certificate and key, and the same ticket keys.
    package func makeSibling() throws(TLSError) -> ServerTLSContext {
        try ServerTLSContext(
            keyPair, certificatePEM: certificatePEM, info: info, ticketKeys: ticketKeys,
            clientAuthorities: clientAuthorities)
    }

    /// Whether connections would notice no difference: the same certificate, chain and client authorities.
    package func isEquivalent(to other: ServerTLSContext) -> Bool {
        info == other.info && Certificate.areSame(keyPair.chain, other.keyPair.chain)
            && Certificate.areSame(clientAuthorities?.certificates ?? [], other.clientAuthorities?.certificates ?? [])
            && (clientAuthorities == nil) == (other.clientAuthorities == nil)
    }

    /// Seals tickets with a new key from now on, for all siblings. Tickets of the key before stay valid until the next
    /// rotation. A ticket lives two hours, so rotating less often than that costs nobody a full handshake.
    package func rotateTicketKeys() {
        ticketKeys.rotate()
    }

    /// Asks for a certificate and verifies the one that comes; whether there has to be one, each connection says.
    private func verifyClients(_ authorities: ClientAuthorities) throws(TLSError) {
        let pointer = unsafe context.pointer
        let store = unsafe SSL_CTX_get_cert_store(pointer)
        for authority in authorities.certificates {
            try context.check(Int(unsafe X509_STORE_add_cert(store, authority.handle)))
            // Clients with several certificates choose by the names of those who may have signed.
            try context.check(Int(unsafe SSL_CTX_add_client_CA(pointer, authority.handle)))
        }
        let parameters = unsafe SSL_CTX_get0_param(pointer)
        try context.check(Int(unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))))
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        // A resumed session is not verified again: a ticket would outlive the certificate, or its absence.
        unsafe SSL_CTX_set_options(pointer, sallyport_SSL_OP_NO_TICKET)
        try context.check(Int(unsafe SSL_CTX_set_num_tickets(pointer, 0)))
    }

    private func configure() throws(TLSError) {
        let pointer = unsafe context.pointer
        try context.use(keyPair)
        if let clientAuthorities { try verifyClients(clientAuthorities) }
        unsafe SSL_CTX_set_options(
            pointer, sallyport_SSL_OP_CIPHER_SERVER_PREFERENCE | sallyport_SSL_OP_PRIORITIZE_CHACHA)
        // A client uses a ticket once and gets the next with the connection it resumes, so one at a time is enough;
        // OpenSSL's two cost another key derivation and encryption per handshake.
        if clientAuthorities == nil { try context.check(Int(unsafe SSL_CTX_set_num_tickets(pointer, 1))) }
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
