internal import Config
internal import Files
internal import TLS

/// Where the gateway's certificate and key lie, and what has to be true of them.
struct CertificateFiles: Sendable {
    let certificatePath: String
    let keyPath: String
    private let fingerprint: String?
    private let autoGenerate: Bool

    /// Nil when TLS is off.
    init?(_ tls: TLSSettings, _ state: StateDirectory) {
        guard tls.enabled else { return nil }
        certificatePath = Files.absolute(tls.certPath ?? state.certificate)
        keyPath = Files.absolute(tls.keyPath ?? state.privateKey)
        fingerprint = tls.fingerprint
        autoGenerate = tls.autoGenerate
    }

    /// Loads the pair; makes one first when neither file is there and the configuration allows it.
    /// - Parameter names: host names and addresses for a new certificate.
    func loadOrGenerate(names: [String], addresses: [String]) throws(StartFailure) -> ServerTLSContext {
        do throws(TLSError) {
            guard autoGenerate else {
                return try context(TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath))
            }
            let pair = try TLSFiles.loadOrGenerate(
                certificatePath: certificatePath, keyPath: keyPath, dnsNames: names, ipAddresses: addresses,
                now: GatewayClock.systemMs() / 1000)
            return try context((pair.certificatePEM, pair.privateKeyPEM))
        } catch {
            throw failure(error)
        }
    }

    /// Loads the pair that is there now. A running gateway never makes a new one behind its owner's back.
    func reload() throws(StartFailure) -> ServerTLSContext {
        do throws(TLSError) {
            return try context(TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath))
        } catch {
            throw failure(error)
        }
    }

    /// Throws when the configuration names another certificate.
    func checkFingerprint(of context: ServerTLSContext) throws(StartFailure) {
        let actual = context.info.certificateSHA256Hex
        guard let fingerprint, fingerprint != actual else { return }
        throw .configuration(
            "gateway.tls.fingerprint does not match the certificate: configured sha256:\(fingerprint), "
                + "\(certificatePath) has sha256:\(actual)",
            hint: "set gateway.tls.fingerprint to the second value if that certificate is yours, "
                + "or put the certificate back that it belongs to")
    }

    /// Changes whenever one of the files does.
    var stamps: [FileStamp?] { [FileStamp(certificatePath), FileStamp(keyPath)] }

    private func context(_ pair: (certificatePEM: String, privateKeyPEM: String)) throws(TLSError) -> ServerTLSContext {
        try ServerTLSContext(certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM)
    }

    private func failure(_ error: TLSError) -> StartFailure {
        .configuration(
            "gateway tls: failed to load cert (\(error))",
            hint: "check \(certificatePath) and \(keyPath), or gateway.tls.certPath and gateway.tls.keyPath")
    }
}
