/// How an agent's permission requests are answered while nobody sits in front of it.
package enum PermissionMode: String, CaseIterable, Sendable {
    case approveReads = "approve-reads"
    case approveAll = "approve-all"
    case denyAll = "deny-all"
    /// The gateway asks an operator.
    case forward

    /// - Returns: nil: somebody else is to decide.
    func decision(on kind: ToolKind) -> PermissionDecision? {
        switch self {
        case .approveAll: .allow
        case .denyAll: .reject
        case .approveReads: kind.isReading ? .allow : .reject
        case .forward: nil
        }
    }

    /// The agent may have us read files.
    var offersReading: Bool { self != .denyAll }
    /// The agent may have us write files: where writing is not refused anyway.
    var offersWriting: Bool { self == .approveAll || self == .forward }
    /// The agent may have us run commands.
    var offersTerminals: Bool { self == .approveAll || self == .forward }
}

package enum PermissionDecision: String, Equatable, Sendable {
    case allow
    case allowAlways = "allow-always"
    case reject
    /// Nobody decided.
    case cancel
}
