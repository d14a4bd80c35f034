internal import COpenSSL
internal import Crypto

/// What people and peers want to know about a certificate.
package struct CertificateInfo: Sendable, Equatable {
    /// SHA-256 of the DER certificate, lower-case hex: the pin that OpenClaw clients compare.
    package let certificateSHA256Hex: String
    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hex: a pin that survives a renewal with the same key.
    package let spkiSHA256Hex: String
    /// As `DNS:localhost` or `IP:127.0.0.1`; names of other kinds are left out.
    package let subjectAlternativeNames: [String]
    /// The distinguished name as in RFC 2253, for example `CN=openclaw-gateway`.
    package let subject: String
    /// Written as the subject is; the same for a certificate that signs itself.
    package let issuer: String
    /// Unix seconds.
    package let notBefore: Int64
    /// Unix seconds.
    package let notAfter: Int64
    package let derCertificate: [UInt8]

    /// Reads the first certificate of a PEM text.
    package init(pem: String) throws(TLSError) {
        try self.init(Certificate.chain(pem: pem)[0])
    }

    init(_ certificate: Certificate) throws(TLSError) {
        derCertificate = try CertificateDigests.der(of: certificate)
        let digests = try CertificateDigests(certificate)
        certificateSHA256Hex = Hex.encode(digests.certificate)
        spkiSHA256Hex = Hex.encode(digests.spki)
        subjectAlternativeNames = Self.subjectAlternativeNames(of: certificate)
        subject = unsafe Self.text(X509_get_subject_name(certificate.handle))
        issuer = unsafe Self.text(X509_get_issuer_name(certificate.handle))
        notBefore = try unsafe Self.unixSeconds(X509_get0_notBefore(certificate.handle))
        notAfter = try unsafe Self.unixSeconds(X509_get0_notAfter(certificate.handle))
    }

    private static func subjectAlternativeNames(of certificate: Certificate) -> [String] {
        guard let names = unsafe sallyport_X509_get_subject_alternative_names(certificate.handle) else {
            ErrorQueue.clear()
            return []
        }
        defer { unsafe GENERAL_NAMES_free(names) }
        var texts: [String] = []
        for index in 0..<(unsafe sallyport_GENERAL_NAMES_count(names)) {
            var start: UnsafePointer<UInt8>?
            var length: Int32 = 0
            let kind = unsafe sallyport_GENERAL_NAMES_get(names, index, &start, &length)
            let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(length))
            switch kind {
            case GEN_DNS: unsafe texts.append("DNS:" + String(decoding: bytes, as: UTF8.self))
            case GEN_IPADD:
                if let address = unsafe IPAddressText.text(Array(bytes)) { texts.append("IP:" + address) }
            default: break
            }
        }
        return texts
    }

    private static func text(_ name: OpaquePointer?) -> String {
        let bio = MemoryBIO()
        unsafe X509_NAME_print_ex(bio.handle, name, 0, sallyport_XN_FLAG_RFC2253_UTF8)
        return bio.text
    }

    private static func unixSeconds(_ time: UnsafePointer<ASN1_TIME>?) throws(TLSError) -> Int64 {
        let epoch = unsafe ASN1_TIME_set(nil, 0)
        defer { unsafe ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else {
            throw .certificateUnreadable(reason: ErrorQueue.drainLastReason())
        }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}
