internal import JSON
internal import Trust
internal import Wire

/// A client that does not exist: what would be decided about it?
package struct DryRun: Equatable, Sendable {
    package struct Position: Equatable, Sendable {
        /// The socket's peer.
        package var from: String
        package var forwardedFor: String?
        package var origin: String?
        package var host: String?
        package var isTLS: Bool

        package init(
            from: String, forwardedFor: String? = nil, origin: String? = nil, host: String? = nil, isTLS: Bool = true
        ) {
            self.from = from
            self.forwardedFor = forwardedFor
            self.origin = origin
            self.host = host
            self.isTLS = isTLS
        }
    }

    enum Device: Equatable, Sendable {
        case none
        /// Proven, and never seen before.
        case new
        /// Proven: a paired or a derived device.
        case known(String)
    }

    enum Credential: String, CaseIterable, Sendable {
        /// The configured one.
        case ok
        case wrong
        case none
        /// The device's own token.
        case device
    }

    var position: Position
    var client: ClientInfo
    var role: Role
    var scopes: [String]
    var device: Device
    var credential: Credential

    static func read(_ reader: ParamReader) throws(ParamReader.Failure) -> DryRun {
        let client = try reader.nonEmptyString("client", maxBytes: 64) ?? "cli/cli"
        let parts = client.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, ClientInfo.knownIDs.contains(parts[0]), ClientInfo.knownModes.contains(parts[1]) else {
            throw reader.failure("client", "must be an id and a mode of the protocol, such as cli/cli")
        }
        let roleName = try reader.nonEmptyString("role") ?? "operator"
        guard let role = Role(rawValue: roleName) else {
            throw reader.failure("role", "must be equal to one of: operator, node")
        }
        let token = try reader.nonEmptyString("token") ?? "ok"
        guard let credential = Credential(rawValue: token) else {
            throw reader.failure("token", "must be equal to one of: ok, wrong, none, device (never a real token)")
        }
        let device: Device =
            switch try reader.nonEmptyString("device", maxBytes: 64) ?? "new" {
            case "none": .none
            case "new": .new
            case let id: .known(id)
            }
        return DryRun(
            position: Position(
                from: try reader.nonEmptyString("from", maxBytes: 64) ?? "127.0.0.1",
                forwardedFor: try reader.nonEmptyString("forwardedFor", maxBytes: 512),
                origin: try reader.nonEmptyString("origin", maxBytes: 512),
                host: try reader.nonEmptyString("host", maxBytes: 256), isTLS: try reader.bool("tls") ?? true),
            client: ClientInfo(
                id: parts[0], version: "0", platform: try reader.nonEmptyString("platform", maxBytes: 64) ?? "linux",
                mode: parts[1]),
            role: role,
            scopes: try reader.strings("scopes", maxCount: ConnectParams.maxNames, maxBytes: 256)
                ?? (role == .node ? [] : ["operator.read", "operator.write"]),
            device: device, credential: credential)
    }
}
