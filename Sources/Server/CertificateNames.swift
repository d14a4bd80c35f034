package import TLS

/// What to say about names that a certificate was to have. A pair is never replaced for their sake alone: clients pin it.
package enum CertificateNames {
    /// Nil when none is missing.
    package static func warning(
        _ wanted: [String], _ info: CertificateInfo, isGenerated: Bool, path: String
    ) -> String? {
        let missing = wanted.filter { !info.isFor($0) }
        guard !missing.isEmpty else { return nil }
        return
            "the certificate does not name \(missing.joined(separator: ", ")) (gateway.tls.names): clients without a "
            + "pin refuse it there; "
            + (isGenerated
                ? "sallyport tls rotate makes one that does, and announces its pin"
                : "put these names into \(path), or remove them from gateway.tls.names")
    }
}
