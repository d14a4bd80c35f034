internal import Client
internal import TLS

/// What the command line and the environment say of TLS.
struct TransportArguments {
    /// Nil when nothing is said.
    let trust: ClientTLSContext.Trust?
    let identity: ClientIdentity?

    init(_ invocation: Invocation) throws {
        let arguments = invocation.arguments
        let variable = invocation.environment["SALLYPORT_TLS_FINGERPRINT"].flatMap { $0.isEmpty ? nil : $0 }
        guard arguments["tls-fingerprint"] == nil || arguments["tls-ca"] == nil else {
            throw CommandFailure(
                .excludingOptions, "--tls-fingerprint and --tls-ca exclude each other",
                hint: "a pin is checked, and nothing else")
        }
        if let path = arguments["tls-ca"] {
            trust = .authorities(path: path)
        } else if let text = arguments["tls-fingerprint"] ?? variable {
            guard let pins = PinSet(text) else { throw CommandFailure.pin(text) }
            trust = .pins(pins)
        } else {
            trust = nil
        }
        identity = try Self.identity(certificate: arguments["client-cert"], key: arguments["client-key"])
    }

    private static func identity(certificate: String?, key: String?) throws -> ClientIdentity? {
        guard let certificate else {
            guard key == nil else { throw CommandFailure(.missingOption, "--client-key needs --client-cert") }
            return nil
        }
        do throws(TLSError) {
            return try ClientIdentity(certificatePath: certificate, keyPath: key)
        } catch {
            throw CommandFailure(
                .clientCertificate, "cannot use the client certificate: \(error)",
                hint: "--client-cert and --client-key take PEM files that belong together")
        }
    }
}
