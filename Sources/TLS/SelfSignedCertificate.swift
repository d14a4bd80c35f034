internal import COpenSSL
internal import Crypto

/// Makes the certificate that a gateway starts with.
///
/// It is a leaf (CA:FALSE) that clients trust by itself, by pin or as their only authority. A self-signed certificate
/// that claims to be an authority is refused as a server's by strict verifiers.
package enum SelfSignedCertificate {
    package enum KeyKind: Equatable, Sendable {
        case ecdsaP256
        case rsa2048
    }

    /// Makes a fresh key and a certificate for it.
    ///
    /// - Parameters:
    ///   - commonName: At most 64 characters. Clients look at the alternative names only.
    ///   - dnsNames, ipAddresses: The subject alternative names, at least one in all; repetitions are dropped.
    ///   - validDays: From one hour before `now`, for clocks that are slow. Some clients refuse more than 825.
    ///   - now: Unix seconds.
    /// - Returns: The certificate and the private key (PKCS#8) in PEM.
    package static func generate(
        commonName: String = "openclaw-gateway", dnsNames: [String], ipAddresses: [String], validDays: Int = 825,
        now: Int64, keyKind: KeyKind = .ecdsaP256
    ) throws(TLSError) -> (certificatePEM: String, privateKeyPEM: String) {
        let names = try alternativeNames(dnsNames: dnsNames, ipAddresses: ipAddresses)
        ErrorQueue.clear()
        let key = try makeKey(keyKind)
        guard let handle = unsafe X509_new() else { throw failure() }
        let certificate = unsafe Certificate(owning: handle)
        try check(unsafe X509_set_version(certificate.handle, Int(X509_VERSION_3)))
        try setSerial(certificate)
        try setName(certificate, commonName)
        try setValidity(certificate, days: validDays, now: now)
        try check(unsafe X509_set_pubkey(certificate.handle, key.handle))
        // The authority key identifier is copied from the subject's, so it comes after it.
        try add(NID_basic_constraints, "critical,CA:FALSE", to: certificate)
        try add(NID_key_usage, keyUsage(keyKind), to: certificate)
        try add(NID_ext_key_usage, "serverAuth", to: certificate)
        try add(NID_subject_key_identifier, "hash", to: certificate)
        try add(NID_authority_key_identifier, "keyid:always", to: certificate)
        try add(NID_subject_alt_name, names, to: certificate)
        try check(unsafe X509_sign(certificate.handle, key.handle, EVP_sha256()))

        let certificateText = MemoryBIO()
        let keyText = MemoryBIO()
        try check(unsafe PEM_write_bio_X509(certificateText.handle, certificate.handle))
        try check(unsafe PEM_write_bio_PKCS8PrivateKey(keyText.handle, key.handle, nil, nil, 0, nil, nil))
        return (certificateText.text, keyText.text)
    }

    /// In the notation of x509v3_config(5). Only checked names get there, as a comma in one would start another.
    private static func alternativeNames(dnsNames: [String], ipAddresses: [String]) throws(TLSError) -> String {
        var entries: [String] = []
        func append(_ entry: String) {
            if !entries.contains(entry) { entries.append(entry) }
        }
        for text in dnsNames {
            guard case .dns(let name)? = PeerName(text) else { throw .invalidName(text) }
            append("DNS:" + name)
        }
        for text in ipAddresses {
            guard case .ip(let address)? = PeerName(text) else { throw .invalidName(text) }
            append("IP:" + address)
        }
        guard !entries.isEmpty else { throw .generationFailed(reasons: ["no name and no address given"]) }
        return entries.joined(separator: ",")
    }

    private static func makeKey(_ kind: KeyKind) throws(TLSError) -> PrivateKey {
        let handle =
            switch kind {
            case .ecdsaP256: unsafe sallyport_EVP_EC_gen_P256()
            case .rsa2048: unsafe sallyport_EVP_RSA_gen(2048)
            }
        guard let handle = unsafe handle else { throw failure() }
        return unsafe PrivateKey(owning: handle)
    }

    /// Only RSA key exchange, which TLS 1.2 clients may still check for, enciphers keys.
    private static func keyUsage(_ kind: KeyKind) -> String {
        switch kind {
        case .ecdsaP256: "critical,digitalSignature"
        case .rsa2048: "critical,digitalSignature,keyEncipherment"
        }
    }

    private static func setSerial(_ certificate: Certificate) throws(TLSError) {
        var bytes = SecureRandom.bytes(16)
        // Positive in two's complement, and always of the same length.
        bytes[0] = bytes[0] & 0x7F | 0x40
        guard let number = unsafe BN_bin2bn(bytes, Int32(bytes.count), nil) else { throw failure() }
        defer { unsafe BN_free(number) }
        guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.handle)) != nil else {
            throw failure()
        }
    }

    private static func setName(_ certificate: Certificate, _ commonName: String) throws(TLSError) {
        let bytes = Array(commonName.utf8)
        guard let length = Int32(exactly: bytes.count) else { throw .invalidName(commonName) }
        let name = unsafe X509_get_subject_name(certificate.handle)
        try check(unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, length, -1, 0))
        try check(unsafe X509_set_issuer_name(certificate.handle, name))
    }

    /// The years 1 to 9999 in Unix seconds: what fits in a GeneralizedTime (RFC 5280 §4.1.2.5.2).
    private static let representableTimes: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    private static func setValidity(_ certificate: Certificate, days: Int, now: Int64) throws(TLSError) {
        let (notBefore, tooEarly) = now.subtractingReportingOverflow(3600)
        let (seconds, tooLong) = Int64(days).multipliedReportingOverflow(by: 86_400)
        // Both ends are part of the validity (RFC 5280 §4.1.2.5).
        let (notAfter, tooLate) = notBefore.addingReportingOverflow(seconds - 1)
        guard days > 0, !tooEarly, !tooLong, !tooLate,
            representableTimes.contains(notBefore), representableTimes.contains(notAfter),
            unsafe ASN1_TIME_set(X509_getm_notBefore(certificate.handle), Int(notBefore)) != nil,
            unsafe ASN1_TIME_set(X509_getm_notAfter(certificate.handle), Int(notAfter)) != nil
        else {
            ErrorQueue.clear()
            throw .generationFailed(reasons: ["a validity of \(days) days is out of range"])
        }
    }

    private static func add(_ nid: Int32, _ value: String, to certificate: Certificate) throws(TLSError) {
        try check(unsafe sallyport_X509_add_extension(certificate.handle, nid, value))
    }

    /// OpenSSL returns a positive number for success, and for `X509_sign` the length of the signature.
    private static func check(_ result: Int32) throws(TLSError) {
        guard result > 0 else { throw failure() }
    }

    private static func failure() -> TLSError {
        .generationFailed(reasons: ErrorQueue.drainReasons())
    }
}
