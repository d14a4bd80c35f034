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
    /// Announced to take the place of the present one.
    let nextCertificateSHA256: String?
    let nextEffectiveAtMs: Int64?
    let ownerSocket: String?
    /// Nil: of an older version.
    let startedAtMs: Int64?

    /// What the gateway may show now.
    var pins: String? { pin.map { pin in nextCertificateSHA256.map { pin + "," + $0 } ?? pin } }

    /// - Throws: when the state directory is there and may not be read: then nobody knows whether a gateway runs.
    static func find(_ state: StateDirectory) throws(CommandFailure) -> LocalGateway? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.read(state.runFile, maxBytes: 64 * 1024)
        } catch {
            guard error.isMissing else {
                throw CommandFailure(
                    .stateDirectory, "cannot use the state directory: \(error)",
                    hint: "run this as the user that the gateway runs as, or choose another directory with --state-dir")
            }
            return nil
        }
        guard let file = try? JSONParser.parse(bytes),
            let url = file["url"]?.string, let pid = file["pid"]?.integer.flatMap({ Int32(exactly: $0) }),
            // A file that a crash left behind names a process that is gone.
            kill(pid, 0) == 0 || errno == EPERM
        else { return nil }
        return LocalGateway(
            url: url, pin: file["certificateSHA256"]?.string, pid: pid,
            urls: file["urls"]?.array?.compactMap(\.string) ?? [], spkiPin: file["spkiSHA256"]?.string,
            nextCertificateSHA256: file["nextCertificateSHA256"]?.string,
            nextEffectiveAtMs: file["nextEffectiveAtMs"]?.integer, ownerSocket: file["ownerSocket"]?.string,
            startedAtMs: file["startedAtMs"]?.integer)
    }

    /// Where a gateway with this configuration would be.
    static func configured(
        _ locations: ConfigLocations, _ environment: [String: String]
    ) throws(CommandFailure) -> String? {
        let result = ConfigFiles.load(locations, environment: environment)
        guard let gateway = result.configuration?.gateway else { throw .configuration(result) }
        guard !locations.files.isEmpty, gateway.port != 0 else { return nil }
        return "\(gateway.tls.enabled ? "wss" : "ws")://127.0.0.1:\(gateway.port)"
    }

    /// The shared secret of this installation: configured, or generated at the gateway's first start.
    static func secret(
        _ state: StateDirectory, _ locations: ConfigLocations, _ environment: [String: String]
    ) throws(CommandFailure) -> (token: String?, password: String?) {
        let result = ConfigFiles.load(locations, environment: environment)
        if let auth = result.configuration?.gateway.auth {
            if auth.mode == .password { return (nil, auth.password?.value) }
            if let token = auth.token { return (token.value, nil) }
        }
        if let bytes = try? Files.read(state.tokenFile, maxBytes: 4096) {
            let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            return (words.first.map(String.init), nil)
        }
        // The token may stand in the file that cannot be used.
        if result.configuration == nil { throw .configuration(result) }
        return (nil, nil)
    }
}
