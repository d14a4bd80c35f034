/// `gateway.tls.*`.
package struct TLSSettings: Equatable, Sendable {
    /// When it is not written: on without any configuration file, off with one, as upstream.
    package let enabled: Bool
    package let autoGenerate: Bool
    /// Both or neither; neither means the pair in the state directory.
    package let certPath: String?
    package let keyPath: String?
    /// Certificate authorities of client certificates.
    package let caPath: String?
    /// SHA-256 that the loaded certificate must have: 64 lower-case hexadecimal digits.
    package let fingerprint: String?
}
