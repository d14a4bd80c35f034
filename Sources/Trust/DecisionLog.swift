package import Wire

/// One decision with all that is needed to explain it later.
package struct DecisionRecord: Sendable {
    package let id: String
    package let atMs: Int64
    package let client: String
    package let role: Role
    package let scopes: [String]
    package let deviceID: String?
    package let facts: TransportFacts
    /// Without what it changed: new tokens are nobody's business.
    package let decision: Decision
    /// The request that a refusal has left to be approved.
    package let pairingRequestID: String?

    package init(id: String, atMs: Int64, request: AdmissionRequest, decision: Decision) {
        self.id = id
        self.atMs = atMs
        client = "\(request.params.client.id)/\(request.params.client.mode)"
        role = request.params.role
        scopes = request.params.scopes
        deviceID = request.params.device?.id
        facts = request.facts
        pairingRequestID = decision.pairingRequestID
        self.decision = decision.withoutChanges
    }
}

/// The last decisions: at least ``capacity``, at most a quarter more.
package struct DecisionLog: Sendable {
    package static let capacity = 128

    private var records: [DecisionRecord] = []

    package init() {}

    package mutating func append(_ record: DecisionRecord) {
        // Now and then some of them at once, so that each costs next to nothing.
        if records.count >= Self.capacity + Self.capacity / 4 { records.removeFirst(Self.capacity / 4) }
        records.append(record)
    }

    /// The newest decision with this id, or about this pairing request; eight characters of it are enough.
    package func find(_ id: String) -> DecisionRecord? {
        guard id.utf8.count >= 8 else { return nil }
        return records.reversed().first { $0.id.hasPrefix(id) || $0.pairingRequestID?.hasPrefix(id) == true }
    }
}

extension Decision {
    package var pairingRequestID: String? {
        guard case .refused(_, let changes) = outcome else { return nil }
        for case .requestPairing(let pending) in changes { return pending.requestID }
        return nil
    }

    fileprivate var withoutChanges: Decision {
        let outcome: Outcome =
            switch outcome {
            case .admitted(let admitted, _): .admitted(admitted, [])
            case .refused(let refusal, _): .refused(refusal, [])
            }
        return Decision(
            outcome: outcome, trace: trace, wrongCredentials: [], limiterClient: limiterClient)
    }
}
