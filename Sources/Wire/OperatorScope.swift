/// Operator scopes that we give a meaning to (OpenClaw gateway protocol, "Enumerations").
package enum OperatorScope: String, CaseIterable, Sendable {
    case read = "operator.read"
    case write = "operator.write"
    case admin = "operator.admin"
    case approvals = "operator.approvals"
    case pairing = "operator.pairing"
    case talkSecrets = "operator.talk.secrets"
    case questions = "operator.questions"
    case talk = "operator.talk"

    /// Every scope that holding this one confers, itself included: admin ⊇ write ⊇ read, and write ⊇ talk.
    fileprivate var implied: UInt16 {
        switch self {
        case .admin: UInt16.max
        case .write: bit | OperatorScope.read.bit | OperatorScope.talk.bit
        case .read, .approvals, .pairing, .talkSecrets, .questions, .talk: bit
        }
    }

    fileprivate var bit: UInt16 {
        switch self {
        case .read: 1 << 0
        case .write: 1 << 1
        case .admin: 1 << 2
        case .approvals: 1 << 3
        case .pairing: 1 << 4
        case .talkSecrets: 1 << 5
        case .questions: 1 << 6
        case .talk: 1 << 7
        }
    }
}

/// Scopes that somebody holds or asks for, with the lattice of ``OperatorScope`` built in.
///
/// Names that we do not know need an exact match, or admin when they begin with `operator.`, or with `pool:` as those of
/// pool workers do.
package struct ScopeSet: Equatable, Hashable, Sendable {
    /// The names as given, without repeats, in the order given.
    package let names: [String]
    private let effective: UInt16

    package static let none = ScopeSet([])

    package init(_ names: some Sequence<String>) {
        var unique: [String] = []
        var seen: Set<String> = []
        var effective: UInt16 = 0
        for name in names {
            // A few are told apart faster without hashing them.
            if unique.count < 8 {
                guard !unique.contains(name) else { continue }
            } else {
                if seen.isEmpty { seen = Set(unique) }
                guard seen.insert(name).inserted else { continue }
            }
            unique.append(name)
            effective |= OperatorScope(rawValue: name)?.implied ?? 0
        }
        self.names = unique
        self.effective = effective
    }

    package init(_ scopes: OperatorScope...) {
        self.init(scopes.map(\.rawValue))
    }

    package var isEmpty: Bool { names.isEmpty }

    package func covers(_ scope: OperatorScope) -> Bool {
        effective & scope.bit != 0
    }

    package func covers(_ name: String) -> Bool {
        if let known = OperatorScope(rawValue: name) { return covers(known) }
        return names.contains(name) || (covers(.admin) && (name.hasPrefix("operator.") || name.hasPrefix("pool:")))
    }

    package func covers(_ other: ScopeSet) -> Bool {
        other.names.allSatisfy { covers($0) }
    }

    /// What both confer: what of `requested` this set covers, in the order requested, then what of this set is implied
    /// by `requested`. Who asks for admin of a grant of write gets write.
    package func clamping(_ requested: ScopeSet) -> ScopeSet {
        ScopeSet(requested.names.filter { covers($0) } + names.filter { requested.covers($0) })
    }

    /// Names in `requested` that this set does not cover.
    package func missing(from requested: ScopeSet) -> [String] {
        requested.names.filter { !covers($0) }
    }

    package func union(_ other: ScopeSet) -> ScopeSet {
        ScopeSet(names + other.names)
    }
}
