internal import TLS

/// What the owner can do about a client that failed to show a certificate that we trust.
enum ClientCertificateRemedy {
    /// - Returns: nil for errors that have nothing to do with client certificates.
    static func remedy(for error: TLSError) -> String? {
        switch error {
        case .clientCertificateMissing:
            "gateway.tls.caPath asks clients on other hosts for a certificate: give it one of those authorities "
                + "(--client-cert), or set gateway.tls.clientCertificate: \"optional\""
        case .certificateUntrusted:
            "gateway.tls.caPath does not hold the authority of its certificate, or that is not valid now: "
                + "issue another, or add its authority"
        default: nil
        }
    }
}
