package import Files

/// The system's authorities plus our certificate, for clients that take one file of trusted certificates.
package enum CABundle {
    private static let systemBundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    package static func write(to path: String, certificatePath: String) throws(FileError) {
        let system = systemBundles.lazy.compactMap { try? Files.read($0) }.first ?? []
        let own = try Files.read(certificatePath, maxBytes: 1 << 20)
        let separator: [UInt8] = system.isEmpty || system.last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]
        try Files.writeAtomically(path, system + separator + own, mode: 0o644)
    }
}
