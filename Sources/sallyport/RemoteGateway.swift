internal import Client
internal import Config
internal import TLS

/// The gateway elsewhere that a configuration with `gateway.mode: "remote"` names.
struct RemoteGateway {
    static let source = "config gateway.remote.url"

    private let settings: RemoteSettings

    /// Nil when the configuration is of another mode, or cannot be read.
    init?(_ locations: ConfigLocations, _ environment: [String: String]) {
        let result = ConfigFiles.load(locations, environment: environment)
        guard let gateway = result.configuration?.gateway, gateway.mode == .remote else { return nil }
        settings = gateway.remote
    }

    var token: String? { settings.token?.value }
    var password: String? { settings.password?.value }

    func requireURL() throws(CommandFailure) -> String {
        guard let url = settings.url else {
            throw CommandFailure(
                .remoteURL, "gateway remote mode misconfigured: gateway.remote.url missing",
                hint: "set gateway: { remote: { url: \"wss://…\" } }, or mode: \"local\"")
        }
        return url
    }

    /// Nil: the system's authorities.
    func trust() -> ClientTLSContext.Trust? {
        let pins = settings.tlsFingerprints.compactMap { CertificatePin($0) }
        if !pins.isEmpty { return .pins(PinSet(pins)) }
        return settings.tlsCAPath.map { .authorities(path: $0) }
    }

    func identity() throws(CommandFailure) -> ClientIdentity? {
        guard let path = settings.clientCertPath else { return nil }
        do throws(TLSError) {
            return try ClientIdentity(certificatePath: path, keyPath: settings.clientKeyPath)
        } catch {
            throw CommandFailure(
                .remoteCertificate, "cannot use the client certificate: \(error)",
                hint: "check gateway.remote.clientCertPath and gateway.remote.clientKeyPath")
        }
    }
}
