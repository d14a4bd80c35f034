internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// Permissions that agents ask for and operators give (wire protocol, `exec.approval.*`).
extension GatewayCore {
    // MARK: - Workers

    /// `run.permission`: answered once somebody has decided, or nobody did in time.
    mutating func runPermission(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        let number = try reader.requiredInteger("number", in: 0...(1 << 53))
        let title = try reader.requiredString("title", maxBytes: 4096)
        let kind = try reader.requiredString("kind", maxBytes: 64)
        let allowsAlways = try reader.bool("mayAllowAlways") ?? false
        if let decision = approvals.decision(run: run.runID, number: number) {
            return [reply(request, Self.answer(decision))]
        }
        if var known = approvals.approval(run: run.runID, number: number) {
            // The worker was away meanwhile.
            known.connection = request.connection
            known.requestID = request.id
            approvals.put(known)
            return []
        }
        guard !run.phase.isEnded, !approvals.isFull else { return [reply(request, Self.answer(nil))] }
        var asked = JSONObject([
            ("command", .string(title)), ("host", "acp"), ("kind", .string(kind)),
            ("agentId", .string(run.agentID)), ("sessionKey", .string(run.sessionKey)), ("runId", .string(run.runID)),
        ])
        asked["allowedDecisions"] = allowsAlways ? ["allow-once", "allow-always", "deny"] : ["allow-once", "deny"]
        asked["toolCallId"] = try reader.nonEmptyString("toolCallId", maxBytes: 1024).map { .string($0) }
        let approval = ApprovalTable.Approval(
            id: ids.uuid(), runID: run.runID, sessionKey: run.sessionKey, agentID: run.agentID, number: number,
            request: .object(asked), allowsAlways: allowsAlways, createdAtMs: nowMs,
            expiresAtMs: nowMs + ApprovalTable.timeoutMs, connection: request.connection, requestID: request.id)
        approvals.put(approval)
        return [
            event(.execApprovalRequested, approval.json),
            .log(
                LogLine(
                    .info, "agent/approvals",
                    "run=\(run.runID) waits for a decision id=\(approval.id) kind=\(kind)")),
        ]
    }

    /// Nobody's decision is no permission.
    private static func answer(_ decision: ApprovalTable.Decision?) -> JSON {
        switch decision {
        case .allowOnce: ["decision": "allow"]
        case .allowAlways: ["decision": "allow-always"]
        case .deny, nil: ["decision": "reject"]
        }
    }

    // MARK: - Operators

    func approvalList() -> JSON {
        .array(approvals.open.values.sorted { ($0.createdAtMs, $0.id) < ($1.createdAtMs, $1.id) }.map(\.json))
    }

    mutating func approvalResolve(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let id = try reader.requiredString("id", maxBytes: 128)
        guard let decision = ApprovalTable.Decision(rawValue: try reader.requiredString("decision", maxBytes: 64))
        else {
            throw reader.failure("decision", "must be allow-once, allow-always or deny")
        }
        guard let approval = approvals.open[id] else {
            throw GatewayError(.invalidRequest, .approvalNotFound)
        }
        guard decision != .allowAlways || approval.allowsAlways else {
            throw GatewayError(.invalidRequest, .approvalAllowAlwaysUnavailable)
        }
        return [reply(request, .object(JSONObject([("ok", true)])))]
            + resolve(approval, decision, by: caller.admitted.deviceID ?? caller.connID, nowMs: nowMs)
    }

    private mutating func resolve(
        _ approval: ApprovalTable.Approval, _ decision: ApprovalTable.Decision?, by who: String?, nowMs: Int64
    ) -> [Effect] {
        approvals.close(approval, decision)
        var effects: [Effect] = []
        if connections[approval.connection] != nil {
            effects.append(
                .respond(
                    approval.connection, Frames.response(id: approval.requestID, payload: Self.answer(decision))))
        }
        return effects + [resolved(approval, decision, by: who, nowMs: nowMs)]
    }

    private func resolved(
        _ approval: ApprovalTable.Approval, _ decision: ApprovalTable.Decision?, by who: String?, nowMs: Int64
    ) -> Effect {
        var payload = JSONObject([
            ("id", .string(approval.id)), ("decision", decision.map { .string($0.rawValue) } ?? .null),
        ])
        payload["resolvedBy"] = who.map { .string($0) }
        payload["ts"] = .integer(nowMs)
        payload["request"] = approval.request
        return event(.execApprovalResolved, .object(payload))
    }

    // MARK: - Ends

    mutating func expireApprovals(nowMs: Int64) -> [Effect] {
        let over = approvals.open.values.filter { $0.expiresAtMs <= nowMs }.sorted { $0.id < $1.id }
        return over.flatMap { resolve($0, nil, by: nil, nowMs: nowMs) }
    }

    /// Its run has ended: there is nothing to decide any more.
    mutating func dropApprovals(of runID: String, nowMs: Int64) -> [Effect] {
        approvals.runEnded(runID).map { resolved($0, nil, by: nil, nowMs: nowMs) }
    }
}
