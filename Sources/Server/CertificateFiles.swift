internal import Config
internal import Files
internal import TLS

/// Where the gateway's certificate and key lie, and what has to be true of them.
struct CertificateFiles: Sendable {
    let certificatePath: String
    let keyPath: String
    /// Only a pair in the state directory is rotated; one that the owner names is the owner's to replace.
    let next: NextCertificateFiles?
    private let clientAuthoritiesPath: String?
    private let fingerprints: [String]
    private let autoGenerate: Bool

    /// Nil when TLS is off.
    init?(_ tls: TLSSettings, _ state: StateDirectory) {
        guard tls.enabled else { return nil }
        certificatePath = Files.absolute(tls.certPath ?? state.certificate)
        keyPath = Files.absolute(tls.keyPath ?? state.privateKey)
        next = tls.certPath == nil ? NextCertificateFiles(state) : nil
        clientAuthoritiesPath = tls.caPath.map(Files.absolute)
        fingerprints = tls.fingerprints
        autoGenerate = tls.autoGenerate
    }

    /// Loads the pair; makes one first when neither file is there and the configuration allows it.
    /// - Parameter names: host names and addresses for a new certificate.
    func loadOrGenerate(names: [String], addresses: [String]) throws(StartFailure) -> ServerTLSContext {
        let pair: (certificatePEM: String, privateKeyPEM: String)
        do throws(TLSError) {
            if autoGenerate {
                let found = try TLSFiles.loadOrGenerate(
                    certificatePath: certificatePath, keyPath: keyPath, dnsNames: names, ipAddresses: addresses,
                    now: GatewayClock.systemMs() / 1000)
                pair = (found.certificatePEM, found.privateKeyPEM)
            } else {
                pair = try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath)
            }
        } catch {
            throw failure(error)
        }
        return try context(pair.certificatePEM, pair.privateKeyPEM)
    }

    /// Loads the pair that is there now. A running gateway never makes a new one behind its owner's back.
    func reload() throws(StartFailure) -> ServerTLSContext {
        let pair: (certificatePEM: String, privateKeyPEM: String)
        do throws(TLSError) {
            pair = try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath)
        } catch {
            throw failure(error)
        }
        return try context(pair.certificatePEM, pair.privateKeyPEM)
    }

    func context(_ certificatePEM: String, _ privateKeyPEM: String) throws(StartFailure) -> ServerTLSContext {
        let authorities: ClientAuthorities?
        do throws(TLSError) {
            authorities =
                if let clientAuthoritiesPath { try ClientAuthorities(path: clientAuthoritiesPath) } else { nil }
        } catch {
            throw StartFailure(
                .clientAuthorities, "gateway tls: \(error)",
                hint: "gateway.tls.caPath names the authorities of client certificates: a PEM file, or a directory of "
                    + "them; remove it to ask clients for none")
        }
        do throws(TLSError) {
            return try ServerTLSContext(
                certificatePEM: certificatePEM, privateKeyPEM: privateKeyPEM, clientAuthorities: authorities)
        } catch {
            throw failure(error)
        }
    }

    /// Throws when the configuration names another certificate.
    func checkFingerprint(of info: CertificateInfo) throws(StartFailure) {
        let actual = info.certificateSHA256Hex
        guard !fingerprints.isEmpty, !fingerprints.contains(actual), !fingerprints.contains(info.spkiSHA256Hex)
        else { return }
        throw StartFailure(
            .certificateFingerprint,
            "gateway.tls.fingerprint does not match the certificate: configured "
                + fingerprints.map { "sha256:\($0)" }.joined(separator: " or ")
                + ", \(certificatePath) has sha256:\(actual)",
            hint: "set gateway.tls.fingerprint to the second value if that certificate is yours, "
                + "or put the certificate back that it belongs to")
    }

    /// Changes whenever one of the files does.
    var stamps: [FileStamp?] {
        ([certificatePath, keyPath] + (clientAuthoritiesPath.map { [$0] } ?? [])).map { FileStamp($0) }
    }

    private func failure(_ error: TLSError) -> StartFailure {
        StartFailure(
            .certificateUnusable,
            "gateway tls: failed to load cert (\(error))",
            hint: "check \(certificatePath) and \(keyPath), or gateway.tls.certPath and gateway.tls.keyPath")
    }
}
