package import JSON

/// `connect.params` (OpenClaw gateway protocol, "The `connect` request"), checked for shape and for the closed
/// enumerations. Unknown members are ignored.
package struct ConnectParams: Equatable, Sendable {
    package var minProtocol: Int64
    package var maxProtocol: Int64
    package var client: ClientInfo
    package var role: Role
    /// As sent: order and repeats are part of the signed payload.
    package var scopes: [String]
    package var caps: [String]
    package var auth: Credentials
    package var device: DeviceProof?
    package var resume: Resume?

    package struct Credentials: Equatable, Sendable {
        package var token: String?
        package var deviceToken: String?
        package var bootstrapToken: String?
        package var password: String?

        package init(
            token: String? = nil, deviceToken: String? = nil, bootstrapToken: String? = nil, password: String? = nil
        ) {
            self.token = token
            self.deviceToken = deviceToken
            self.bootstrapToken = bootstrapToken
            self.password = password
        }

        /// What stands in the signed payload: the first that is present, even if it is empty.
        package var signedToken: String { token ?? deviceToken ?? bootstrapToken ?? "" }
        package var isEmpty: Bool {
            [token, deviceToken, bootstrapToken, password].allSatisfy { $0?.isEmpty ?? true }
        }
    }

    package struct DeviceProof: Equatable, Sendable {
        package var id: String
        package var publicKey: String
        package var signature: String
        package var signedAt: Int64
        package var nonce: String
        /// Spawn grants, root first.
        package var grants: [String]

        package init(
            id: String, publicKey: String, signature: String, signedAt: Int64, nonce: String, grants: [String] = []
        ) {
            self.id = id
            self.publicKey = publicKey
            self.signature = signature
            self.signedAt = signedAt
            self.nonce = nonce
            self.grants = grants
        }
    }

    package struct Resume: Equatable, Sendable {
        package var connID: String
        /// Number of the last event that came.
        package var seq: Int64

        package init(connID: String, seq: Int64) {
            self.connID = connID
            self.seq = seq
        }
    }

    package enum Failure: Error, Equatable, Sendable {
        case invalid(String)
        case invalidRole(String)
    }

    /// Of scopes and of capabilities: several times what any client has.
    package static let maxNames = 128
    package static let maxNameBytes = 256
    package static let maxGrants = 5
    package static let maxGrantBytes = 4096

    package init(
        minProtocol: Int64, maxProtocol: Int64, client: ClientInfo, role: Role = .operator, scopes: [String] = [],
        caps: [String] = [], auth: Credentials = Credentials(), device: DeviceProof? = nil, resume: Resume? = nil
    ) {
        self.minProtocol = minProtocol
        self.maxProtocol = maxProtocol
        self.client = client
        self.role = role
        self.scopes = scopes
        self.caps = caps
        self.auth = auth
        self.device = device
        self.resume = resume
    }

    package static func parse(_ params: JSON?) throws(Failure) -> ConnectParams {
        do {
            return try read(params)
        } catch let failure as ParamReader.Failure {
            throw .invalid(failure.message)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .invalid("unreadable")
        }
    }

    private static func read(_ params: JSON?) throws -> ConnectParams {
        let reader = try ParamReader(params)
        let minProtocol = try reader.requiredInteger("minProtocol", in: 1...(.max))
        let maxProtocol = try reader.requiredInteger("maxProtocol", in: 1...(.max))
        let client = try ClientInfo.read(reader.requiredObject("client"))
        let roleName = try reader.nonEmptyString("role") ?? Role.operator.rawValue
        guard let role = Role(rawValue: roleName) else { throw Failure.invalidRole(roleName) }
        return ConnectParams(
            minProtocol: minProtocol, maxProtocol: maxProtocol, client: client, role: role,
            scopes: try reader.strings("scopes", maxCount: maxNames, maxBytes: maxNameBytes) ?? [],
            caps: try reader.strings("caps", maxCount: maxNames, maxBytes: maxNameBytes) ?? [],
            auth: try credentials(reader.object("auth")), device: try device(reader.object("device")),
            resume: try resume(reader.object("resume")))
    }

    private static func credentials(_ reader: ParamReader?) throws(ParamReader.Failure) -> Credentials {
        guard let reader else { return Credentials() }
        return Credentials(
            token: try reader.string("token"), deviceToken: try reader.string("deviceToken"),
            bootstrapToken: try reader.string("bootstrapToken"), password: try reader.string("password"))
    }

    private static func device(_ reader: ParamReader?) throws(ParamReader.Failure) -> DeviceProof? {
        guard let reader else { return nil }
        var grants: [String] = []
        switch reader.raw("grant") {
        case nil: break
        case .string(let grant): grants = [grant]
        case .array: grants = try reader.strings("grant") ?? []
        default: throw reader.failure("grant", "must be a string or an array of strings")
        }
        guard grants.count <= maxGrants else {
            throw reader.failure("grant", "must NOT have more than \(maxGrants) items")
        }
        guard grants.allSatisfy({ $0.utf8.count <= maxGrantBytes }) else {
            throw reader.failure("grant", "must NOT have more than \(maxGrantBytes) bytes")
        }
        return DeviceProof(
            id: try reader.requiredString("id", maxBytes: 256), publicKey: try reader.requiredString("publicKey"),
            signature: try reader.requiredString("signature"),
            signedAt: try reader.requiredInteger("signedAt", in: 0...(1 << 53)),
            nonce: try reader.requiredString("nonce"), grants: grants)
    }

    private static func resume(_ reader: ParamReader?) throws(ParamReader.Failure) -> Resume? {
        guard let reader else { return nil }
        return Resume(
            connID: try reader.requiredString("connId"), seq: try reader.requiredInteger("seq", in: 0...(1 << 53)))
    }
}
