/// `gateway.tls.*`.
package struct TLSSettings: Equatable, Sendable {
    /// Who has to show a client certificate when ``caPath`` is set. One that is shown is verified in any case.
    package enum ClientCertificate: String, CaseIterable, Sendable {
        /// Everybody on another host; children of the gateway dial from its own and have none.
        case required
        /// Nobody.
        case optional
    }

    /// When it is not written: on without any configuration file, off with one, as upstream.
    package let enabled: Bool
    package let autoGenerate: Bool
    /// Both or neither; neither means the pair in the state directory.
    package let certPath: String?
    package let keyPath: String?
    /// Certificate authorities of client certificates.
    package let caPath: String?
    package let clientCertificate: ClientCertificate
    /// One of these the loaded certificate, or its public key, must have: SHA-256 of 64 lower-case hexadecimal digits.
    /// Empty: it may be any.
    package let fingerprints: [String]
    /// Host names and addresses that the generated certificate names besides those of this host.
    package let names: [String]

    /// ``names`` that are no addresses, and those that are.
    package var hostNames: [String] { names.filter { !AddressSyntax.isAddress($0) } }
    package var addresses: [String] { names.filter { AddressSyntax.isAddress($0) } }

    /// Whether peers on other hosts have to show a client certificate.
    package var requiresClientCertificate: Bool { caPath != nil && clientCertificate == .required }
}
