import COpenSSL
import Testing

@testable import TLS

/// A client made directly of OpenSSL that trusts everyone, to be what ours is not: old, picky, resuming.
@safe final class RawClient {
    private let context: OpaquePointer
    private let ssl: OpaquePointer

    struct Options {
        var maxVersion: Int32 = TLS1_3_VERSION
        var groups: String?
        var alpn: [UInt8]?
        var session: Session?
    }

    /// Owns a session to resume.
    @safe final class Session {
        let pointer: OpaquePointer
        init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }
        deinit { unsafe SSL_SESSION_free(pointer) }
        var maxEarlyData: UInt32 { unsafe SSL_SESSION_get_max_early_data(pointer) }
    }

    init(descriptor: Int32, _ options: Options = Options()) throws {
        unsafe context = try #require(unsafe SSL_CTX_new(TLS_client_method()))
        unsafe ssl = try #require(unsafe SSL_new(context))
        unsafe SSL_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(options.maxVersion), nil)
        if let groups = options.groups {
            var text = Array(groups.utf8CString)
            unsafe SSL_ctrl(ssl, SSL_CTRL_SET_GROUPS_LIST, 0, &text)
        }
        if let alpn = options.alpn { unsafe SSL_set_alpn_protos(ssl, alpn, UInt32(alpn.count)) }
        if let session = options.session { unsafe SSL_set_session(ssl, session.pointer) }
        unsafe SSL_set_fd(ssl, descriptor)
        unsafe SSL_set_connect_state(ssl)
    }

    deinit {
        // A session whose connection ends without close_notify is not resumed.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN)
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    func handshake() throws(TLSError) -> TLSConnection.Progress {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 { return .complete }
        let error = unsafe SSL_get_error(ssl, result)
        guard error == SSL_ERROR_WANT_READ else { throw .handshakeFailed(reasons: ErrorQueue.drainReasons()) }
        return .wantsRead
    }

    /// Asks for another handshake (TLS 1.2), and goes on with it at the next call.
    func renegotiate() throws(TLSError) -> TLSConnection.Progress {
        ERR_clear_error()
        if unsafe SSL_renegotiate_pending(ssl) == 0 { unsafe SSL_renegotiate(ssl) }
        return try handshake()
    }

    /// - Returns: whether the library was willing to send it.
    func writeEarlyData(_ bytes: [UInt8]) -> Bool {
        var written = 0
        defer { ERR_clear_error() }
        return unsafe SSL_write_early_data(ssl, bytes, bytes.count, &written) == 1
    }

    /// Reads once, which is also when tickets of TLS 1.3 arrive.
    func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        ERR_clear_error()
        let count = unsafe SSL_read(ssl, &buffer, Int32(buffer.count))
        ERR_clear_error()
        return Array(buffer.prefix(max(0, Int(count))))
    }

    var session: Session? {
        guard let session = unsafe SSL_get1_session(ssl) else { return nil }
        return unsafe Session(owning: session)
    }

    var applicationProtocol: [UInt8] {
        var start: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &length)
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(length)))
    }
}
