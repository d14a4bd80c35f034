internal import COpenSSL

/// Owns one reference to an `X509`.
///
/// `@unchecked Sendable`: it is not changed once parsed, and OpenSSL counts references atomically.
@safe final class Certificate: @unchecked Sendable {
    let handle: OpaquePointer

    /// Takes over one reference.
    init(owning handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit { unsafe X509_free(handle) }

    /// All certificates of a PEM text in their order, at least one.
    static func chain(pem: String) throws(TLSError) -> [Certificate] {
        ErrorQueue.clear()
        let bio = MemoryBIO(pem)
        var chain: [Certificate] = []
        while let handle = unsafe PEM_read_bio_X509(bio.handle, nil, nil, nil) {
            unsafe chain.append(Certificate(owning: handle))
        }
        let entries = ErrorQueue.drain()
        // The end of the text is reported as a missing start line; anything else is a damaged certificate.
        let atEnd = entries.last.map { $0.isPEM(PEM_R_NO_START_LINE) } ?? true
        guard atEnd, !chain.isEmpty else {
            throw .certificateUnreadable(reason: entries.last?.text ?? "no certificate found")
        }
        return chain
    }
}

extension Certificate {
    static func areSame(_ one: [Certificate], _ other: [Certificate]) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { unsafe X509_cmp($0.handle, $1.handle) == 0 }
    }
}

extension ErrorQueue.Entry {
    /// Whether it is the given `PEM_R_…`.
    fileprivate func isPEM(_ reason: Int32) -> Bool {
        sallyport_ERR_GET_LIB(code) == ERR_LIB_PEM && sallyport_ERR_GET_REASON(code) == reason
    }
}
