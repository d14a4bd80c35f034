package import Errors

extension PairingReason: Catalogued {
    package static let family = ErrorFamily.pairing

    package var text: ErrorText {
        let approve = "on the gateway's host: sallyport devices approve REQUEST-ID"
        return switch self {
        case .notPaired:
            ErrorText(
                message, rule: "the owner approves a device that no parent vouches for",
                remedy: approve + "; or start it as a child, by sallyport sessions_spawn")
        case .roleUpgrade: ErrorText(message, rule: "a device has the roles that were approved", remedy: approve)
        case .scopeUpgrade: ErrorText(message, rule: "a device has the scopes that were approved", remedy: approve)
        case .metadataUpgrade:
            ErrorText(message, rule: "a device keeps its platform and its kind", remedy: approve)
        }
    }
}
