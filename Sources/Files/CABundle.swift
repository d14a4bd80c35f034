/// Files of trusted certificates for clients that the gateway starts.
package enum CABundle {
    private static let systemBundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// - Parameters:
    ///   - own: our certificates in PEM.
    ///   - ownPath: gets these alone, for clients that add them to the authorities that they know.
    ///   - bundlePath: gets these behind the system's authorities, for clients that take one file for all.
    package static func write(_ own: [String], ownPath: String, bundlePath: String) throws(FileError) {
        let system = systemBundles.lazy.compactMap { try? Files.read($0) }.first ?? []
        let separator: [UInt8] = system.isEmpty || system.last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]
        let certificates = own.flatMap { Array($0.hasSuffix("\n") ? $0.utf8 : ($0 + "\n").utf8) }
        try Files.writeAtomically(ownPath, certificates, mode: 0o644)
        try Files.writeAtomically(bundlePath, system + separator + certificates, mode: 0o644)
    }
}
