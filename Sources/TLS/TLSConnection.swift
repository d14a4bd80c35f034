internal import COpenSSL
internal import Glibc

/// One TLS connection over a non-blocking socket. Owns the `SSL`; does not own the descriptor, which must stay open
/// for as long as this is used.
///
/// Belongs to one thread at a time. Writing to a socket whose peer is gone raises SIGPIPE, which the process has to
/// ignore, as OpenSSL writes without `MSG_NOSIGNAL`.
@safe package final class TLSConnection {
    /// How far the handshake has come.
    package enum Progress: Equatable, Sendable { case complete, wantsRead, wantsWrite }

    package enum ReadResult: Equatable, Sendable {
        /// So many bytes, at least one, stand at the front of the buffer.
        case bytes(Int)
        case wantsRead
        case wantsWrite
        /// close_notify, or the end of the stream without one.
        case closed
    }

    package enum WriteResult: Equatable, Sendable {
        /// So many bytes from the front were taken; at most one record of 16 KiB at a time.
        case bytes(Int)
        case wantsRead
        case wantsWrite
    }

    private enum State { case handshaking, open, failed, closed }

    let ssl: OpaquePointer
    /// Keeps the context's ticket keys alive for the callbacks.
    private let context: any AnyObject & Sendable
    private let pins: PinSet?
    private let isClient: Bool
    private var state = State.handshaking
    /// The peer takes nothing more; what it sent before, perhaps the reason, can still be read.
    private var hasFailedWriting = false
    /// Why ``verifyPin(_:)`` refused the peer; OpenSSL's own error would say less.
    private var pinFailure: TLSError?

    /// The server's side of a connection on `descriptor`.
    ///
    /// - Parameter requiresClientCertificate: Whether a client without a certificate is refused, in a context that has
    ///   authorities for them. One that shows a wrong certificate is refused in any case.
    package convenience init(
        accepting context: ServerTLSContext, descriptor: Int32, requiresClientCertificate: Bool = false
    ) throws(TLSError) {
        try self.init(context.context, keeping: context, pins: nil, isClient: false, descriptor: descriptor)
        unsafe SSL_set_accept_state(ssl)
        if requiresClientCertificate {
            unsafe SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    /// The client's side of a connection on `descriptor`.
    ///
    /// - Parameter serverName: A DNS name, which is also sent to the server, or an IP address, which is not (RFC 6066
    ///   §3). Unless pins decide, the certificate must be for it.
    package convenience init(
        connecting context: ClientTLSContext, descriptor: Int32, serverName: String
    ) throws(TLSError) {
        guard let name = PeerName(serverName) else { throw .invalidName(serverName) }
        let pins: PinSet? = if case .pins(let pins) = context.trust { pins } else { nil }
        try self.init(context.context, keeping: context, pins: pins, isClient: true, descriptor: descriptor)
        unsafe SSL_set_connect_state(ssl)
        try expect(name)
        // Not retained, as the callback only runs inside a method of this object.
        try check(unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque()))
    }

    private init(
        _ handle: ContextHandle, keeping context: any AnyObject & Sendable, pins: PinSet?, isClient: Bool,
        descriptor: Int32
    ) throws(TLSError) {
        ErrorQueue.clear()
        guard let ssl = unsafe SSL_new(handle.pointer) else {
            throw .contextFailed(reasons: ErrorQueue.drainReasons())
        }
        unsafe self.ssl = ssl
        self.context = context
        self.pins = pins
        self.isClient = isClient
        try check(unsafe SSL_set_fd(ssl, descriptor))
    }

    deinit { unsafe SSL_free(ssl) }

    /// Goes on with the handshake as far as the socket allows. A client has checked the peer's certificate, or its pin,
    /// when this returns ``Progress/complete``.
    package func handshake() throws(TLSError) -> Progress {
        guard state != .failed else { throw .handshakeFailed(reasons: ["the handshake has failed before"]) }
        ErrorQueue.clear()
        let result = unsafe SSL_do_handshake(ssl)
        let systemError = errno
        if result == 1 {
            if state == .handshaking { state = .open }
            return .complete
        }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: throw failHandshake(nil)
        case SSL_ERROR_SYSCALL: throw failHandshake(systemError)
        default: throw failHandshake(0)
        }
    }

    /// Reads decrypted bytes to the front of `buffer`, which must not be empty. One call may leave more behind: see
    /// ``hasPendingBytes``.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> ReadResult {
        guard unsafe !buffer.isEmpty else { preconditionFailure("there must be room to read into") }
        guard state != .failed else { throw .connectionFailed(reasons: ["the connection has failed before"]) }
        ErrorQueue.clear()
        let room = Int32(clamping: buffer.count)
        let result = unsafe SSL_read(ssl, buffer.baseAddress, room)
        if result > 0 { return .bytes(Int(result)) }
        let systemError = errno
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL where systemError == 0: return .closed
        case SSL_ERROR_SYSCALL: throw fail(systemError)
        default: throw fail(0)
        }
    }

    /// Reads decrypted bytes to the front of `buffer`, which must not be empty.
    package func read(into buffer: inout MutableSpan<UInt8>) throws(TLSError) -> ReadResult {
        try unsafe buffer.withUnsafeMutableBytes { (bytes) throws(TLSError) in try unsafe read(into: bytes) }
    }

    /// Whether bytes that have left the socket wait to be read, so that the socket's readiness will not tell of them.
    /// They may be an incomplete record; ``read(into:)`` then says ``ReadResult/wantsRead``.
    package var hasPendingBytes: Bool {
        unsafe SSL_has_pending(ssl) == 1
    }

    /// Encrypts and sends from the front of `buffer`. After ``WriteResult/wantsRead`` or ``WriteResult/wantsWrite`` the
    /// next call must bring the same bytes again, anywhere in memory, perhaps followed by more.
    package func write(_ buffer: UnsafeRawBufferPointer) throws(TLSError) -> WriteResult {
        // OpenSSL does not define what writing nothing does.
        if unsafe buffer.isEmpty { return .bytes(0) }
        guard state != .failed, !hasFailedWriting else {
            throw .connectionFailed(reasons: ["the connection has failed before"])
        }
        ErrorQueue.clear()
        let length = Int32(clamping: buffer.count)
        let result = unsafe SSL_write(ssl, buffer.baseAddress, length)
        if result > 0 { return .bytes(Int(result)) }
        let systemError = errno
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_SYSCALL where systemError != 0:
            hasFailedWriting = true
            ErrorQueue.clear()
            throw .connectionLost(errno: systemError)
        default: throw fail(systemError)
        }
    }

    /// Encrypts and sends from the front of `bytes`; see the other overload.
    package func write(_ bytes: Span<UInt8>) throws(TLSError) -> WriteResult {
        try unsafe bytes.withUnsafeBytes { (buffer) throws(TLSError) in try unsafe write(buffer) }
    }

    /// Sends close_notify if the socket takes it at once, and never blocks. Nothing can be written after it; what the
    /// peer has still sent can be read.
    package func shutdown() {
        guard state == .open else { return }
        state = .closed
        ErrorQueue.clear()
        unsafe SSL_shutdown(ssl)
        ErrorQueue.clear()
    }

    private func check(_ result: Int32) throws(TLSError) {
        guard result == 1 else { throw .contextFailed(reasons: ErrorQueue.drainReasons()) }
    }

    /// - Parameter systemError: `errno` when the system call failed, 0 when OpenSSL did, `nil` for the end of stream.
    private func failHandshake(_ systemError: Int32?) -> TLSError {
        state = .failed
        let entries = ErrorQueue.drain()
        if let pinFailure { return pinFailure }
        if entries.contains(where: { $0.isSSL(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) }) {
            return .clientCertificateMissing
        }
        if let refusal = clientCertificateRefusal(entries) { return refusal }
        if entries.contains(where: { $0.isSSL(SSL_R_CERTIFICATE_VERIFY_FAILED) }) {
            return .certificateUntrusted(reason: verificationReason)
        }
        if entries.contains(where: { $0.isSSL(SSL_R_HTTP_REQUEST) || $0.isSSL(SSL_R_HTTPS_PROXY_REQUEST) }) {
            return .peerIsPlainHTTP
        }
        if entries.contains(where: { $0.isSSL(SSL_R_WRONG_VERSION_NUMBER) }) { return .peerIsNotTLS }
        if !entries.isEmpty { return .handshakeFailed(reasons: entries.map(\.text)) }
        guard let systemError, systemError != 0 else { return .closedDuringHandshake }
        return .connectionLost(errno: systemError)
    }

    private func fail(_ systemError: Int32) -> TLSError {
        state = .failed
        let entries = ErrorQueue.drain()
        // With TLS 1.3 a client has finished its handshake before the server has looked at its certificate.
        if let refusal = clientCertificateRefusal(entries) { return refusal }
        return systemError != 0 && entries.isEmpty
            ? .connectionLost(errno: systemError) : .connectionFailed(reasons: entries.map(\.text))
    }

    /// The alerts by which a server says that it wants another certificate from its client (RFC 8446 §6.2).
    private func clientCertificateRefusal(_ entries: [ErrorQueue.Entry]) -> TLSError? {
        guard isClient else { return nil }
        for (reason, text) in [
            (SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "it asks for one"),
            (SSL_R_TLSV1_ALERT_UNKNOWN_CA, "of an unknown authority"),
            (SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "expired"),
            (SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "revoked"),
            (SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "not acceptable"),
            (SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "not made for clients"),
            (SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "not acceptable"),
        ] where entries.contains(where: { $0.isSSL(reason) }) {
            return .clientCertificateRefused(reason: text)
        }
        return nil
    }
}

extension TLSConnection {
    /// Names the peer, to itself and to the verification of its certificate.
    private func expect(_ name: PeerName) throws(TLSError) {
        let parameters = unsafe SSL_get0_param(ssl)
        switch name {
        case .dns(let host):
            try check(Int32(clamping: unsafe sallyport_SSL_set_tlsext_host_name(ssl, host)))
            // The common name is not a host name (RFC 9525 §2), and `f*.example` no wildcard.
            unsafe X509_VERIFY_PARAM_set_hostflags(
                parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            try check(unsafe X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count))
        case .ip(let address):
            try check(unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, address))
        }
    }

    private var verificationReason: String {
        unsafe String(cString: X509_verify_cert_error_string(SSL_get_verify_result(ssl)))
    }

    /// What a context with pins does instead of OpenSSL's verification. It runs inside the handshake, so that the server
    /// gets a bad_certificate alert instead of a client's Finished.
    ///
    /// - Returns: 1 to go on, 0 to refuse, as SSL_CTX_set_cert_verify_callback(3) asks.
    static func verifyPin(_ store: OpaquePointer?) -> Int32 {
        guard
            let ssl = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let object = unsafe SSL_get_ex_data(OpaquePointer(ssl), 0),
            let certificate = unsafe X509_STORE_CTX_get0_cert(store)
        else { return 0 }
        let connection = unsafe Unmanaged<TLSConnection>.fromOpaque(object).takeUnretainedValue()
        guard unsafe connection.hasPin(certificate) else {
            unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
            return 0
        }
        return 1
    }

    private func hasPin(_ certificate: OpaquePointer) -> Bool {
        guard let pins else { return false }
        do throws(TLSError) {
            let digests = try unsafe CertificateDigests(borrowing: certificate)
            if pins.matches(certificateSHA256: digests.certificate, spkiSHA256: digests.spki) { return true }
            pinFailure = .pinMismatch(
                expected: pins.pins.map(\.hex), actual: CertificatePin(sha256: digests.certificate).hex)
        } catch {
            pinFailure = error
        }
        return false
    }
}
