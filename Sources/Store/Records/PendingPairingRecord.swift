/// A pairing request that waits for its approval.
package struct PendingPairingRecord: Equatable, Sendable {
    package var requestId: String
    package var deviceId: String
    /// 32 bytes.
    package var publicKey: [UInt8]
    package var displayName: String?
    package var platform: String?
    package var deviceFamily: String?
    package var clientId: String?
    package var clientMode: String?
    package var role: String
    package var roles: [String]
    package var scopes: [String]
    package var remoteIp: String?
    package var silent: Bool
    /// A paired record for the device existed.
    package var isRepair: Bool
    package var createdAtMs: Int64
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        requestId: String, deviceId: String, publicKey: [UInt8], displayName: String? = nil, platform: String? = nil,
        deviceFamily: String? = nil, clientId: String? = nil, clientMode: String? = nil, role: String,
        roles: [String], scopes: [String], remoteIp: String? = nil, silent: Bool = false, isRepair: Bool = false,
        createdAtMs: Int64, revision: Int64 = 0
    ) {
        self.requestId = requestId
        self.deviceId = deviceId
        self.publicKey = publicKey
        self.displayName = displayName
        self.platform = platform
        self.deviceFamily = deviceFamily
        self.clientId = clientId
        self.clientMode = clientMode
        self.role = role
        self.roles = roles
        self.scopes = scopes
        self.remoteIp = remoteIp
        self.silent = silent
        self.isRepair = isRepair
        self.createdAtMs = createdAtMs
        self.revision = revision
    }
}
