internal import JSON
internal import Trust
internal import Wire

/// A client that does not exist: what would be decided about it?
package struct DryRun: Equatable, Sendable {
    /// Through which kind of listener the connection comes.
    package enum Listener: String, CaseIterable, Sendable {
        /// An address.
        case network
        /// A Unix socket for proxies (`gateway.listeners`).
        case unix
        /// The owner's Unix socket.
        case owner
    }

    package struct Position: Equatable, Sendable {
        package var listener = Listener.network
        /// The socket's peer, where it has an address.
        package var from: String
        /// The client that a PROXY header names.
        package var relayedFor: String?
        /// Header fields about users, by their names in lower case; not believed of everybody.
        package var headers: [String: String] = [:]
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
    /// Whom an identity-aware proxy names.
    var user: String?
    /// Whom `tailscale serve` names, and the daemon confirms.
    var tailscaleLogin: String?
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
        let user = try reader.nonEmptyString("user", maxBytes: 256)
        let login = try reader.nonEmptyString("tailscaleLogin", maxBytes: 256)
        guard user == nil || login == nil else {
            throw reader.failure("user", "and tailscaleLogin exclude each other: one proxy, one user")
        }
        // Who is named by somebody else brings no secret, or that would be looked at first.
        let token = try reader.nonEmptyString("token") ?? (user ?? login == nil ? "ok" : "none")
        guard let credential = Credential(rawValue: token) else {
            throw reader.failure("token", "must be equal to one of: ok, wrong, none, device (never a real token)")
        }
        let device: Device =
            switch try reader.nonEmptyString("device", maxBytes: 64) ?? "new" {
            case "none": .none
            case "new": .new
            case let id: .known(id)
            }
        var position = Position(
            from: try reader.nonEmptyString("from", maxBytes: 64) ?? "127.0.0.1",
            forwardedFor: try reader.nonEmptyString("forwardedFor", maxBytes: 512),
            origin: try reader.nonEmptyString("origin", maxBytes: 512),
            host: try reader.nonEmptyString("host", maxBytes: 256), isTLS: try reader.bool("tls") ?? true)
        let listener = try reader.nonEmptyString("listener") ?? Listener.network.rawValue
        guard let listener = Listener(rawValue: listener) else {
            throw reader.failure("listener", "must be equal to one of: network, unix, owner")
        }
        position.listener = listener
        position.relayedFor = try reader.nonEmptyString("relayedFor", maxBytes: 64)
        // Serve always names its client.
        if login != nil, position.forwardedFor == nil { position.forwardedFor = "100.64.0.1" }
        return DryRun(
            position: position, user: user, tailscaleLogin: login,
            client: ClientInfo(
                id: parts[0], version: "0", platform: try reader.nonEmptyString("platform", maxBytes: 64) ?? "linux",
                mode: parts[1]),
            role: role,
            scopes: try reader.strings("scopes", maxCount: ConnectParams.maxNames, maxBytes: 256)
                ?? (role == .node ? [] : ["operator.read", "operator.write"]),
            device: device, credential: credential)
    }
}
