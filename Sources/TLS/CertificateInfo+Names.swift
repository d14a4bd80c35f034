extension CertificateInfo {
    /// Whether an alternative name is this very host name or address. `*.example.net` is not `a.example.net`.
    package func isFor(_ name: String) -> Bool {
        switch PeerName(name) {
        case .dns(let host): subjectAlternativeNames.contains { $0.lowercased() == "dns:" + host.lowercased() }
        case .ip(let address): subjectAlternativeNames.contains("IP:" + address)
        case nil: false
        }
    }
}
