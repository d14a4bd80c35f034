internal import COpenSSL

/// What was agreed on, for logs and `status`. Meaningful once the handshake is complete.
extension TLSConnection {
    /// `TLSv1.3` or `TLSv1.2`.
    package var negotiatedProtocol: String {
        unsafe String(cString: SSL_get_version(ssl))
    }

    /// As IANA writes it, for example `TLS_AES_256_GCM_SHA384`; empty before there is one.
    package var negotiatedCipherSuite: String {
        guard let cipher = unsafe SSL_get_current_cipher(ssl), let name = unsafe SSL_CIPHER_standard_name(cipher) else {
            return ""
        }
        return unsafe String(cString: name)
    }

    /// The protocol agreed on by ALPN, `http/1.1`, or `nil` when the client offered none that we speak.
    package var applicationProtocol: String? {
        var start: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &length)
        guard length > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(length)), as: UTF8.self)
    }

    /// Whether a ticket spared the full handshake.
    package var isResumed: Bool {
        unsafe SSL_session_reused(ssl) == 1
    }

    /// What the peer has shown, its own certificate first, in PEM; empty before the handshake.
    package var peerCertificatesPEM: String {
        let bio = MemoryBIO()
        guard let chain = unsafe SSL_get_peer_cert_chain(ssl) else { return "" }
        for index in 0..<(unsafe sallyport_X509_stack_count(chain)) {
            guard let certificate = unsafe sallyport_X509_stack_get(chain, index) else { continue }
            unsafe PEM_write_bio_X509(bio.handle, certificate)
        }
        return bio.text
    }

    /// The peer's certificate; `nil` before the handshake and on the server's side, where clients show none.
    package var peerCertificateInfo: CertificateInfo? {
        guard let handle = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        let certificate = unsafe Certificate(owning: handle)
        return try? CertificateInfo(certificate)
    }
}
