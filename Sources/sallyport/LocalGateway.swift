internal import Config
internal import Files
internal import Glibc
internal import JSON
internal import Server

/// The gateway that runs on this state directory, found by its `run/gateway.json`.
struct LocalGateway {
    let url: String
    let pin: String?
    let pid: Int32
    let urls: [String]
    let spkiPin: String?

    static func find(_ state: StateDirectory) -> LocalGateway? {
        guard let bytes = try? Files.read(state.runFile, maxBytes: 64 * 1024), let file = try? JSONParser.parse(bytes),
            let url = file["url"]?.string, let pid = file["pid"]?.integer.flatMap({ Int32(exactly: $0) }),
            // A file that a crash left behind names a process that is gone.
            kill(pid, 0) == 0 || errno == EPERM
        else { return nil }
        return LocalGateway(
            url: url, pin: file["certificateSHA256"]?.string, pid: pid,
            urls: file["urls"]?.array?.compactMap(\.string) ?? [], spkiPin: file["spkiSHA256"]?.string)
    }

    /// Where a gateway with this configuration would be.
    static func configured(_ locations: ConfigLocations, _ environment: [String: String]) -> String? {
        guard let configuration = ConfigFiles.load(locations, environment: environment).configuration,
            !locations.files.isEmpty, configuration.gateway.port != 0
        else { return nil }
        return "\(configuration.gateway.tls.enabled ? "wss" : "ws")://127.0.0.1:\(configuration.gateway.port)"
    }

    /// The shared token of this installation: configured, or generated at the gateway's first start.
    static func token(
        _ state: StateDirectory, _ locations: ConfigLocations, _ environment: [String: String]
    ) -> String? {
        if let token = ConfigFiles.load(locations, environment: environment).configuration?.gateway.auth.token {
            return token.value
        }
        guard let bytes = try? Files.read(state.tokenFile, maxBytes: 4096) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
