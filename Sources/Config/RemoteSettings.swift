/// `gateway.remote.*`: the gateway that commands talk to when `gateway.mode` is `remote`. Never what a gateway asks for.
package struct RemoteSettings: Equatable, Sendable {
    package let url: String?
    package let token: Secret?
    package let password: Secret?
    /// Pins of the remote certificate, or of its public key: 64 lower-case hexadecimal digits each.
    package let tlsFingerprints: [String]
    /// Authorities in place of the system's: a PEM file, or a directory of them.
    package let tlsCAPath: String?
    package let clientCertPath: String?
    /// `nil`: the key stands in the certificate's file.
    package let clientKeyPath: String?
}
