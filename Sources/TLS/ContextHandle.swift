internal import COpenSSL

/// Owns one `SSL_CTX` with what server and client have in common.
///
/// `@unchecked Sendable`: it is configured by the one who makes it and only read after that; OpenSSL counts
/// references atomically.
@safe final class ContextHandle: @unchecked Sendable {
    enum Role { case server, client }

    let pointer: OpaquePointer

    init(_ role: Role) throws(TLSError) {
        ErrorQueue.clear()
        let method =
            switch role {
            case .server: unsafe TLS_server_method()
            case .client: unsafe TLS_client_method()
            }
        guard let pointer = unsafe SSL_CTX_new(method) else { throw Self.failure() }
        unsafe self.pointer = pointer
        try check(unsafe sallyport_SSL_CTX_set_min_proto_version(pointer, TLS1_2_VERSION))
        try check(unsafe sallyport_SSL_CTX_set1_groups_list(pointer, "X25519:P-256:P-384"))
        // In Mozilla's order. The suites of AES-256 make every key derivation of a handshake a SHA-384, for which processors
        // have no instructions.
        try check(
            Int(
                unsafe SSL_CTX_set_ciphersuites(
                    pointer, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")))
        // Of TLS 1.2 only what TLS 1.3 would accept too: ephemeral key exchange and authenticated encryption.
        try check(
            Int(unsafe SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM+AES128:ECDHE+AESGCM+AES256:ECDHE+CHACHA20")))
        // The framing above TLS knows when a message was cut off, so a missing close_notify tells nothing new.
        unsafe SSL_CTX_set_options(
            pointer,
            sallyport_SSL_OP_NO_COMPRESSION | sallyport_SSL_OP_NO_RENEGOTIATION
                | sallyport_SSL_OP_IGNORE_UNEXPECTED_EOF)
        // An idle connection gives its record buffers back, which are most of its memory.
        unsafe sallyport_SSL_CTX_set_mode(
            pointer,
            Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // One system call for a record's header and body, and for several small records.
        unsafe sallyport_SSL_CTX_set_read_ahead(pointer, 1)
        unsafe sallyport_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// OpenSSL returns 1 for success.
    func check(_ result: Int) throws(TLSError) {
        guard result == 1 else { throw Self.failure() }
    }

    /// Shows this certificate, with its chain, to peers.
    func use(_ keyPair: KeyPair) throws(TLSError) {
        try check(Int(unsafe SSL_CTX_use_certificate(pointer, keyPair.leaf.handle)))
        for issuer in keyPair.chain.dropFirst() {
            try check(unsafe sallyport_SSL_CTX_add1_chain_cert(pointer, issuer.handle))
        }
        try check(Int(unsafe SSL_CTX_use_PrivateKey(pointer, keyPair.privateKey.handle)))
    }

    private static func failure() -> TLSError {
        .contextFailed(reasons: ErrorQueue.drainReasons())
    }
}
