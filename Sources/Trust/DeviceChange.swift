internal import Wire

/// A number under which changes of one request or admission stand while their commit is under way.
package typealias ChangeID = Int

/// What can be done to the record of a paired device.
enum DeviceChange: Equatable, Sendable {
    /// Roles and scopes are added to what was approved before.
    case approve(PendingPairing, roles: [String], via: String, atMs: Int64)
    case setToken(DeviceToken)
    case remove

    /// - Parameter device: nil: not paired.
    func applied(to device: PairedDevice?) -> PairedDevice? {
        switch self {
        case .remove: return nil
        case .setToken(let token):
            var device = device
            device?.tokens[token.role] = token
            return device
        case .approve(let request, let roles, let via, let atMs):
            let approved = device?.roles ?? []
            return PairedDevice(
                deviceID: request.deviceID, publicKey: request.publicKey, displayName: request.displayName,
                platform: request.platform, deviceFamily: request.deviceFamily, clientID: request.clientID,
                clientMode: request.clientMode, roles: approved + roles.filter { !approved.contains($0) },
                approvedScopes: (device?.approvedScopes ?? .none).union(request.scopes), approvedVia: via,
                remoteIP: request.remoteIP, createdAtMs: device?.createdAtMs ?? atMs, approvedAtMs: atMs,
                lastSeenAtMs: device?.lastSeenAtMs, tokens: device?.tokens ?? [:])
        }
    }
}
