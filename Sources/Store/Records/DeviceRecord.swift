/// A paired device.
package struct DeviceRecord: Equatable, Sendable {
    package var deviceId: String
    /// 32 bytes.
    package var publicKey: [UInt8]
    package var displayName: String?
    package var platform: String?
    package var deviceFamily: String?
    package var clientId: String?
    package var clientMode: String?
    package var roles: [String]
    package var approvedScopes: [String]
    package var approvedVia: String
    package var remoteIp: String?
    package var createdAtMs: Int64
    package var approvedAtMs: Int64
    package var lastSeenAtMs: Int64?
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        deviceId: String, publicKey: [UInt8], displayName: String? = nil, platform: String? = nil,
        deviceFamily: String? = nil, clientId: String? = nil, clientMode: String? = nil, roles: [String],
        approvedScopes: [String], approvedVia: String, remoteIp: String? = nil, createdAtMs: Int64,
        approvedAtMs: Int64, lastSeenAtMs: Int64? = nil, revision: Int64 = 0
    ) {
        self.deviceId = deviceId
        self.publicKey = publicKey
        self.displayName = displayName
        self.platform = platform
        self.deviceFamily = deviceFamily
        self.clientId = clientId
        self.clientMode = clientMode
        self.roles = roles
        self.approvedScopes = approvedScopes
        self.approvedVia = approvedVia
        self.remoteIp = remoteIp
        self.createdAtMs = createdAtMs
        self.approvedAtMs = approvedAtMs
        self.lastSeenAtMs = lastSeenAtMs
        self.revision = revision
    }
}
