internal import TLS
internal import Text

/// What a failed TLS handshake means to whoever reads the log.
enum HandshakeRefusal {
    /// - Returns: nil for a peer that only went away, as probes of the port do.
    static func refusal(_ error: TLSError) -> Refusal? {
        switch error {
        case .peerIsPlainHTTP:
            Refusal(.plainHTTPOnTLSPort)
        case .peerIsNotTLS:
            Refusal(.notTLS)
        case .clientCertificateMissing, .certificateUntrusted:
            // OpenSSL's own words about the peer's certificate.
            Refusal(
                .clientCertificate, "\(error).",
                remedy: ClientCertificateRemedy.remedy(for: error) ?? "see gateway.tls.caPath")
        case .handshakeFailed(let reasons): refusal(reasons)
        case .connectionFailed(let reasons): refusal(reasons)
        default: nil
        }
    }

    /// - Parameter reasons: OpenSSL's words; no byte of the peer is in them.
    private static func refusal(_ reasons: [String]) -> Refusal {
        let words = reasons.joined(separator: "; ")
        func has(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
        if has("alert") && has("unknown ca", "certificate unknown", "bad certificate", "certificate expired") {
            return Refusal(.clientRejectsCertificate, "The client does not accept our certificate (\(words)).")
        }
        if has("did not return a certificate", "certificate verify failed") {
            return clientCertificate("The peer shows no certificate that is accepted (\(words)).")
        }
        if has("unsupported protocol", "version too low", "protocol version", "inappropriate fallback") {
            return Refusal(.tlsVersion, "The peer offers no TLS version that is spoken here (\(words)).")
        }
        if has("no shared cipher", "no suitable key share", "no shared group", "signature algorithm") {
            return Refusal(.tlsParameters, "Nothing that the peer offers is acceptable here (\(words)).")
        }
        return Refusal(.tlsProtocol, "The peer breaks off, or breaks, the TLS protocol (\(words)).")
    }

    private static func clientCertificate(_ reason: String) -> Refusal {
        Refusal(.clientCertificate, reason)
    }
}
