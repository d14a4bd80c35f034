/// Reads and makes the pair of PEM files that a gateway serves. The only part of this module that touches files.
package enum TLSFiles {
    /// Certificate files hold a few kilobytes; more than this is not one.
    package static let maxFileBytes = 1 << 20

    /// Reads a pair and makes sure that it can be served.
    ///
    /// - Throws: ``TLSError/missingFile(path:)`` when both are missing (it names the certificate),
    ///   ``TLSError/halfPair(missing:present:)`` when one is, and otherwise errors that name the file.
    package static func load(
        certificatePath: String, keyPath: String
    ) throws(TLSError) -> (certificatePEM: String, privateKeyPEM: String) {
        guard try bothExist(certificatePath, keyPath) else { throw .missingFile(path: certificatePath) }
        return try read(certificatePath, keyPath)
    }

    /// Reads a pair, or makes one when **both** files are missing. A single missing file is an error, as a new
    /// certificate would lock out every client that has pinned the old.
    ///
    /// The key is written first, with mode 0600, the certificate with 0644; missing directories get 0700. Each file
    /// appears complete or not at all.
    ///
    /// - Parameters: As of ``SelfSignedCertificate/generate(commonName:dnsNames:ipAddresses:validDays:now:keyKind:)``;
    ///   they matter only when a pair is made.
    /// - Returns: The pair, and whether it is new.
    package static func loadOrGenerate(
        certificatePath: String, keyPath: String, commonName: String = "openclaw-gateway", dnsNames: [String],
        ipAddresses: [String], validDays: Int = 825, now: Int64, keyKind: SelfSignedCertificate.KeyKind = .ecdsaP256
    ) throws(TLSError) -> (certificatePEM: String, privateKeyPEM: String, isGenerated: Bool) {
        if try bothExist(certificatePath, keyPath) {
            let pair = try read(certificatePath, keyPath)
            return (pair.certificatePEM, pair.privateKeyPEM, false)
        }
        let pair = try SelfSignedCertificate.generate(
            commonName: commonName, dnsNames: dnsNames, ipAddresses: ipAddresses, validDays: validDays, now: now,
            keyKind: keyKind)
        try FileAccess.createParentDirectories(of: keyPath)
        try FileAccess.createParentDirectories(of: certificatePath)
        try FileAccess.writeAtomically(pair.privateKeyPEM, to: keyPath, mode: 0o600)
        do throws(TLSError) {
            try FileAccess.writeAtomically(pair.certificatePEM, to: certificatePath, mode: 0o644)
        } catch {
            // Half a pair would stop the next start.
            FileAccess.remove(keyPath)
            throw error
        }
        return (pair.certificatePEM, pair.privateKeyPEM, true)
    }

    /// `false` when neither exists.
    private static func bothExist(_ certificatePath: String, _ keyPath: String) throws(TLSError) -> Bool {
        switch (try FileAccess.exists(certificatePath), try FileAccess.exists(keyPath)) {
        case (true, true): true
        case (false, false): false
        case (true, false): throw .halfPair(missing: keyPath, present: certificatePath)
        case (false, true): throw .halfPair(missing: certificatePath, present: keyPath)
        }
    }

    private static func read(
        _ certificatePath: String, _ keyPath: String
    ) throws(TLSError) -> (certificatePEM: String, privateKeyPEM: String) {
        let certificatePEM = try FileAccess.read(certificatePath, maxBytes: maxFileBytes)
        let privateKeyPEM = try FileAccess.read(keyPath, maxBytes: maxFileBytes)
        do throws(TLSError) {
            _ = try KeyPair(certificatePEM: certificatePEM, privateKeyPEM: privateKeyPEM)
        } catch {
            switch error {
            case .keyMismatch: throw .filesDoNotMatch(certificatePath: certificatePath, keyPath: keyPath)
            case .privateKeyUnreadable, .privateKeyEncrypted: throw .inFile(path: keyPath, error)
            default: throw .inFile(path: certificatePath, error)
            }
        }
        return (certificatePEM, privateKeyPEM)
    }
}
