internal import COpenSSL
internal import Glibc

/// What the connections that we open share: whom to trust.
package final class ClientTLSContext: Sendable {
    package enum Trust: Equatable, Sendable {
        /// A peer whose certificate or key has one of the pins. Nothing else is verified, neither name nor dates.
        case pins(PinSet)
        /// Authorities of the system (or of `SSL_CERT_FILE`, `SSL_CERT_DIR`); chain and name are verified.
        case systemAuthorities
        /// A PEM file, or a directory as openssl-rehash(1) makes it; chain and name are verified. A self-signed
        /// certificate may be its own authority.
        case authorities(path: String)
    }

    package let trust: Trust

    let context: ContextHandle

    /// - Parameter identity: What is shown to a server that asks for a client certificate.
    package init(trust: Trust, identity: ClientIdentity? = nil) throws(TLSError) {
        self.trust = trust
        context = try ContextHandle(.client)
        if let identity { try context.use(identity.keyPair) }
        let pointer = unsafe context.pointer
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        // This one call returns 0 for success.
        let refused = unsafe SSL_CTX_set_alpn_protos(
            pointer, ApplicationProtocol.http11List, UInt32(ApplicationProtocol.http11List.count))
        try context.check(refused == 0 ? 1 : 0)
        switch trust {
        case .pins:
            unsafe SSL_CTX_set_cert_verify_callback(pointer, { store, _ in unsafe TLSConnection.verifyPin(store) }, nil)
        case .systemAuthorities:
            try context.check(Int(unsafe SSL_CTX_set_default_verify_paths(pointer)))
        case .authorities(let path):
            try loadAuthorities(path)
        }
        // So that a certificate that is no authority can be trusted by itself.
        let parameters = unsafe SSL_CTX_get0_param(pointer)
        try context.check(Int(unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))))
    }

    private func loadAuthorities(_ path: String) throws(TLSError) {
        var status = stat()
        let isDirectory = unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        let loaded =
            isDirectory
            ? unsafe SSL_CTX_load_verify_dir(context.pointer, path)
            : unsafe SSL_CTX_load_verify_file(context.pointer, path)
        guard loaded == 1 else {
            throw .authoritiesUnreadable(path: path, reason: ErrorQueue.drainLastReason())
        }
    }
}
