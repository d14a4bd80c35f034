internal import COpenSSL
internal import Crypto

/// The two digests that a pin may be of, each 32 bytes.
struct CertificateDigests {
    let certificate: [UInt8]
    let spki: [UInt8]

    init(_ certificate: Certificate) throws(TLSError) {
        try unsafe self.init(borrowing: certificate.handle)
    }

    /// - Parameter handle: An `X509` that is only looked at.
    init(borrowing handle: OpaquePointer) throws(TLSError) {
        certificate = try unsafe SHA256.digest(Self.encoded { unsafe i2d_X509(handle, $0) })
        spki = try unsafe SHA256.digest(Self.encoded { unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(handle), $0) })
    }

    static func der(of certificate: Certificate) throws(TLSError) -> [UInt8] {
        try unsafe encoded { unsafe i2d_X509(certificate.handle, $0) }
    }

    /// Runs an `i2d_…` function, which allocates the encoding when it is given a null pointer to put it in.
    private static func encoded(
        _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32
    ) throws(TLSError) -> [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let length = unsafe encode(&start)
        guard length > 0, let start = unsafe start else {
            throw .certificateUnreadable(reason: ErrorQueue.drainLastReason())
        }
        defer { unsafe CRYPTO_free(start, nil, 0) }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(length)))
    }
}
