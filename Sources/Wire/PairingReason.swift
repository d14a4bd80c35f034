/// Why a proven device needs an owner's approval (OpenClaw gateway protocol, "1008 pairing required").
package enum PairingReason: String, CaseIterable, Sendable {
    case notPaired = "not-paired"
    case roleUpgrade = "role-upgrade"
    case scopeUpgrade = "scope-upgrade"
    case metadataUpgrade = "metadata-upgrade"

    package var message: String {
        switch self {
        case .notPaired: "pairing required: device is not approved yet"
        case .roleUpgrade: "pairing required: device is asking for a higher role than currently approved"
        case .scopeUpgrade: "pairing required: device is asking for more scopes than currently approved"
        case .metadataUpgrade: "pairing required: device identity changed and must be re-approved"
        }
    }
}
