/// Events that this gateway sends, who may see them, and whether a slow consumer may lose them
/// (OpenClaw gateway protocol, "Sequence numbers, state versions, scoping" and "Backpressure").
package enum EventName: String, CaseIterable, Sendable {
    case connectChallenge = "connect.challenge"
    case tick
    case shutdown
    case presence
    case agent
    case devicePairRequested = "device.pair.requested"
    case devicePairResolved = "device.pair.resolved"
    case runCancel = "run.cancel"
    /// The gateway's certificate changes: pins to accept from now on (our addition).
    case tlsPinNext = "tls.pin.next"
    /// What `diagnostics.broadcast` was given (our addition).
    case diagnosticsBroadcast = "diagnostics.broadcast"

    /// Scope that a connection must hold to be in the audience; nil: everybody.
    package var requiredScope: OperatorScope? {
        switch self {
        case .connectChallenge, .tick, .shutdown, .runCancel, .tlsPinNext: nil
        case .presence, .agent, .diagnosticsBroadcast: .read
        case .devicePairRequested, .devicePairResolved: .pairing
        }
    }

    package var isDroppable: Bool {
        switch self {
        case .presence, .devicePairRequested, .devicePairResolved, .diagnosticsBroadcast: true
        case .connectChallenge, .tick, .shutdown, .agent, .runCancel, .tlsPinNext: false
        }
    }

    /// Targeted events carry no `seq`.
    package var isTargeted: Bool {
        switch self {
        case .connectChallenge, .runCancel, .tlsPinNext: true
        case .tick, .shutdown, .presence, .agent, .devicePairRequested, .devicePairResolved, .diagnosticsBroadcast:
            false
        }
    }

    package static let advertised: [String] = allCases.filter { $0 != .runCancel }.map(\.rawValue)
}
