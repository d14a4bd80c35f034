internal import JSON

/// One of the answers that an agent offers with a permission request.
struct PermissionOption: Equatable, Sendable {
    enum Kind: String, Sendable {
        case allowOnce = "allow_once"
        case allowAlways = "allow_always"
        case rejectOnce = "reject_once"
        case rejectAlways = "reject_always"
    }

    let id: String
    let kind: Kind

    init(id: String, kind: Kind) {
        self.id = id
        self.kind = kind
    }

    init?(_ json: JSON) {
        guard let id = json["optionId"]?.string, let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)) else {
            return nil
        }
        self.init(id: id, kind: kind)
    }

    /// The option that says what was decided and no more: what is allowed once is never allowed for good.
    /// - Returns: nil: none does, and the request is cancelled.
    static func matching(_ decision: PermissionDecision, of options: [PermissionOption]) -> PermissionOption? {
        func first(_ kinds: [Kind]) -> PermissionOption? {
            for kind in kinds {
                if let option = options.first(where: { $0.kind == kind }) { return option }
            }
            return nil
        }
        return switch decision {
        case .allow: first([.allowOnce])
        case .allowAlways: first([.allowAlways, .allowOnce])
        case .reject: first([.rejectOnce, .rejectAlways])
        case .cancel: nil
        }
    }
}
