internal import Crypto
internal import JSON
internal import Store
internal import Trust
internal import Wire

/// `device.enroll.*`: tokens with which devices pair themselves, and `auth.*`: lockouts (our additions).
extension GatewayCore {
    mutating func enrollCreate(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        guard mayManage("", caller) else { throw GatewayError(.invalidRequest, .enrolmentDenied) }
        let kindName = try reader.nonEmptyString("kind") ?? Invitation.Kind.enrolment.rawValue
        guard let kind = Invitation.Kind(rawValue: kindName) else {
            throw GatewayError.invalidParams(
                request.method.rawValue, "/kind must be equal to one of: enrolment, setup-code")
        }
        let isSetupCode = kind == .setupCode
        let role = try reader.nonEmptyString("role") ?? Role.operator.rawValue
        guard Role(rawValue: role) != nil else {
            throw GatewayError.invalidParams(request.method.rawValue, "/role must be equal to one of: operator, node")
        }
        let named = try reader.strings("scopes", maxCount: ConnectParams.maxNames, maxBytes: 256).map(ScopeSet.init)
        let isLimited = try reader.bool("limited") == true && isSetupCode
        let usual: ScopeSet =
            switch (isSetupCode, role) {
            case (true, _): isLimited ? .none : Invitation.mobileScopes
            case (false, "node"): .none
            case (false, _): ScopeSet(.read)
            }
        let scopes = named ?? usual
        let roles = isLimited ? [Role.node.rawValue] : isSetupCode ? Invitation.mobileRoles : [role]
        guard caller.admitted.scopes.covers(.admin) || roles == [Role.operator.rawValue] else {
            throw GatewayError(.invalidRequest, .enrolmentDenied)
        }
        if let missing = caller.admitted.scopes.missing(from: scopes).first {
            throw GatewayError(.invalidRequest, .scopeExceeded, "missing scope: \(missing)")
        }
        guard roles.contains(Role.operator.rawValue) || !scopes.names.contains(where: { $0.hasPrefix("operator.") })
        else {
            throw GatewayError(
                .invalidRequest, .scopeNotOfRole, "invalid scope for requested roles: \(scopes.names.first ?? "")")
        }
        let uses = try reader.integer("uses", in: 1...Int64(Invitation.maxUses)) ?? 1
        let lifeMs =
            try reader.integer("ttlMs", in: 1_000...(isSetupCode ? Invitation.setupCodeLifeMs : Invitation.maxLifeMs))
            ?? (isSetupCode ? Invitation.setupCodeLifeMs : 3_600_000)
        guard trust.invitations.all.count < Invitation.maxInvitations else {
            throw GatewayError(
                .invalidRequest, .invitationLimit,
                "there are \(Invitation.maxInvitations) enrolment tokens that have not expired")
        }
        let token = ids.token()
        let invitation = Invitation(
            id: ids.uuid(), digest: SHA256.digest(Array(token.utf8)), kind: kind, roles: roles, scopes: scopes,
            label: try reader.nonEmptyString("label", maxBytes: 512), usesLeft: isSetupCode ? 1 : Int(uses),
            createdAtMs: nowMs, expiresAtMs: nowMs + lifeMs)
        trust.invitations.put(invitation)
        var undo = beginUndo()
        undo.invitation = invitation.id
        var answer = invitation.fields
        answer["token"] = .string(token)
        return [
            .commit(
                [.putInvitation(invitation.record)],
                then: [
                    reply(request, .object(answer)),
                    .log(
                        LogLine(
                            .info, "gateway",
                            "\(kind.rawValue) token made id=\(invitation.id) "
                                + "scopes=\(scopes.names.joined(separator: ",")) uses=\(invitation.usesLeft)")),
                ],
                failure: .request(request.connection, id: request.id, undo: undo))
        ]
    }

    func enrollList(_ caller: ClientConnection, nowMs: Int64) -> JSON {
        let all = mayManage("", caller) ? trust.invitations.all.filter { nowMs < $0.expiresAtMs } : []
        return .object(JSONObject([("invitations", .array(all.map { .object($0.fields) }))]))
    }

    mutating func enrollRevoke(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        let id = try reader.requiredString("id")
        guard mayManage("", caller) else { throw GatewayError(.invalidRequest, .enrolmentDenied) }
        // What is revoked here, but not on the disk yet, may be revoked again.
        guard trust.invitations.remove(id: id) != nil || owed.contains(.invitation(id: id)) else {
            throw GatewayError(.invalidRequest, .invitationNotFound)
        }
        return [
            .commit(
                [.removeInvitation(id: id)], then: [reply(request, .object(JSONObject([("id", .string(id))])))],
                failure: .revocation(request.connection, id: request.id))
        ]
    }

    func lockouts(nowMs: Int64) -> JSON {
        .object(JSONObject([("lockouts", .array(trust.limiter.lockouts(nowMs: nowMs).map(\.json)))]))
    }

    mutating func unlock(_ request: GatewayRequest, _ reader: ParamReader, nowMs: Int64) throws -> [Effect] {
        let ended = trust.limiter.unlock(try reader.nonEmptyString("client"), nowMs: nowMs)
        return ended.map { .log(LogLine(.info, "auth", "lockout ended by request client=\($0.client)")) } + [
            reply(request, .object(JSONObject([("unlocked", .array(ended.map { .string($0.client) }))])))
        ]
    }
}

extension Invitation {
    fileprivate var fields: JSONObject {
        var fields = JSONObject([
            ("id", .string(id)), ("kind", .string(kind.rawValue)), ("roles", .array(roles.map { .string($0) })),
            ("scopes", .array(scopes.names.map { .string($0) })), ("usesLeft", .integer(Int64(usesLeft))),
            ("createdAtMs", .integer(createdAtMs)), ("expiresAtMs", .integer(expiresAtMs)),
        ])
        fields["label"] = label.map { .string($0) }
        if !usedBy.isEmpty { fields["usedBy"] = .array(usedBy.map { .string($0) }) }
        return fields
    }
}

extension AuthLimiter.Lockout {
    fileprivate var json: JSON {
        .object(JSONObject([("client", .string(client)), ("untilMs", .integer(untilMs))]))
    }
}
