internal import TLS
internal import Text

/// What a failed TLS handshake means to whoever reads the log.
enum HandshakeRefusal {
    /// - Returns: nil for a peer that only went away, as probes of the port do.
    static func refusal(_ error: TLSError) -> Refusal? {
        switch error {
        case .peerIsPlainHTTP:
            Refusal(
                rule: "plain-http-on-tls-port", reason: "The peer speaks plain HTTP on the TLS port.",
                remedy: "use https:// or wss:// in the client, or gateway.tls.enabled: false here")
        case .peerIsNotTLS:
            Refusal(
                rule: "not-tls", reason: "The peer does not speak TLS.",
                remedy: "use wss:// in the client; whatever else scans this port needs none")
        case .clientCertificateMissing, .certificateUntrusted:
            // OpenSSL's own words about the peer's certificate.
            Refusal(
                rule: "client-certificate", reason: "\(error).",
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
            return Refusal(
                rule: "client-rejects-certificate", reason: "The client does not accept our certificate (\(words)).",
                remedy: "give it the pin that `sallyport tls fingerprint` shows, or let it trust gateway.tls.certPath; "
                    + "a certificate authority's pair goes into gateway.tls.certPath and keyPath")
        }
        if has("did not return a certificate", "certificate verify failed") {
            return clientCertificate("The peer shows no certificate that is accepted (\(words)).")
        }
        if has("unsupported protocol", "version too low", "protocol version", "inappropriate fallback") {
            return Refusal(
                rule: "tls-version", reason: "The peer offers no TLS version that is spoken here (\(words)).",
                remedy: "use a client with TLS 1.2 or 1.3")
        }
        if has("no shared cipher", "no suitable key share", "no shared group", "signature algorithm") {
            return Refusal(
                rule: "tls-parameters", reason: "Nothing that the peer offers is acceptable here (\(words)).",
                remedy: "use a client with an AEAD cipher suite and X25519, P-256 or P-384")
        }
        return Refusal(
            rule: "tls-protocol", reason: "The peer breaks off, or breaks, the TLS protocol (\(words)).",
            remedy: "check the client's TLS settings, and what stands between it and this port")
    }

    private static func clientCertificate(_ reason: String) -> Refusal {
        Refusal(
            rule: "client-certificate", reason: reason,
            remedy: "give the client a certificate that gateway.tls.caPath vouches for")
    }
}
