internal import Crypto
internal import Wire

/// Devices that are not derived: their own tokens, and pairing (wire protocol, sections 4.3 and 4.8).
extension Admission {
    func admitted(_ device: ProvenDevice, _ method: AuthMethod, isPaired: Bool = false) -> Admitted {
        Admitted(
            role: params.role, scopes: ScopeSet(params.scopes), deviceID: device.id, method: method,
            dependsOnSharedSecret: method == .token || method == .password, isDirectLocal: facts.isDirectLocal,
            restsOnPairing: isPaired || method == .deviceToken)
    }

    /// Rules by which a proven device needs no pairing record, or no more than it has.
    mutating func checkExemptions(_ device: ProvenDevice, _ method: AuthMethod) -> Admitted? {
        // An invitation opens what it says and nothing else.
        guard method != .bootstrapToken else { return nil }
        let record = state.pairing.devices[device.id]
        if let record, upgradeReasons(record, ScopeSet(params.scopes)).isEmpty { return nil }
        let isUnpaired = record == nil
        let isSecretProven = method == .token || method == .password
        if isUnpaired, params.client.isLocalBackend, facts.isDirectLocal, facts.origin == nil,
            params.role == .operator
        {
            note(.localBackend, .passed, "gateway-client/backend on a direct local connection")
            return admitted(device, method)
        }
        if isUnpaired, params.client.isControlUI, params.role == .operator, method == .none || method == .tailscale {
            note(.controlUI, .passed, method == .none ? "auth mode none" : "Tailscale knows the user")
            return admitted(device, method)
        }
        if policy.loopbackExempt, facts.isDirectLocal, isSecretProven {
            note(.loopbackExempt, .passed, "gateway.pairing.loopbackExempt, direct local, secret proven")
            return admitted(device, method)
        }
        if !policy.enforcePairing {
            note(.enforcePairingOff, .passed, "gateway.security.enforcePairing is false")
            return admitted(device, method)
        }
        if !policy.requireForExternal, !facts.isDirectLocal {
            note(.requireForExternal, .passed, "security.devicePairing.requireForExternal is false")
            return admitted(device, method)
        }
        return nil
    }

    mutating func checkPairing(
        _ device: ProvenDevice, _ method: AuthMethod
    ) throws(Refused) -> (Admitted, [TrustChange]) {
        let requested = ScopeSet(params.scopes)
        let record = state.pairing.devices[device.id]
        let reasons = record.map { upgradeReasons($0, requested) } ?? [.notPaired]
        // A paired device may use an invitation, too, and has then used it.
        if method == .bootstrapToken, reasons.isEmpty, let token = params.auth.bootstrapToken,
            invitation(token, for: device)?.usedBy.contains(device.id) == false,
            let invited = pairByInvitation(device, record)
        {
            return invited
        }
        guard !reasons.isEmpty else {
            var admitted = admitted(device, method, isPaired: true)
            if method == .bootstrapToken, let token = params.auth.bootstrapToken,
                let invitation = invitation(token, for: device)
            {
                admitted.scopes = params.role == .node ? .none : invitation.scopes.clamping(requested)
            }
            note(.pairing, .passed, "paired")
            return (admitted, tokenChange(device, record, method, admitted.scopes))
        }
        // A device that says that it has become another one is not what the owner has approved.
        if method == .bootstrapToken, !reasons.contains(.metadataUpgrade),
            let invited = pairByInvitation(device, record)
        {
            return invited
        }
        if record == nil, let approved = pairByProxy(device, method) { return approved }
        var silent: [String] = []
        for reason in reasons {
            guard let why = silentReason(reason, method: method, record: record) else {
                throw pairingRefusal(reason, device, record)
            }
            silent.append("\(reason.rawValue): \(why)")
        }
        note(record == nil ? .silentLocal : .silentLocalUpgrade, .passed, silent.joined(separator: "; "))
        let pending = pendingRequest(device, isRepair: record != nil)
        let changes: [TrustChange] = [
            .approveSilently(pending),
            .issueToken(
                deviceID: device.id, role: params.role,
                scopes: (record?.approvedScopes ?? .none).union(requested), token: request.freshToken,
                generation: tokenGeneration),
        ]
        return (admitted(device, method, isPaired: true), changes)
    }

    /// A browser of a user whom the proxy names, where the owner wants no approval of each.
    private mutating func pairByProxy(_ device: ProvenDevice, _ method: AuthMethod) -> (Admitted, [TrustChange])? {
        guard method == .trustedProxy, let limit = policy.identity.autoApproveScopes, params.role == .operator,
            params.client.isBrowserControlUI, facts.origin != nil, limit.covers(ScopeSet(params.scopes))
        else { return nil }
        note(.proxyAutoApprove, .passed, "within \(limit.names.joined(separator: ","))")
        let changes: [TrustChange] = [.approveByProxy(pendingRequest(device, isRepair: false))]
        return (admitted(device, method, isPaired: true), changes)
    }

    /// What the owner's invitation allows is approved at once, and nothing beyond it.
    private mutating func pairByInvitation(
        _ device: ProvenDevice, _ record: PairedDevice?
    ) -> (Admitted, [TrustChange])? {
        guard let token = params.auth.bootstrapToken, let invitation = invitation(token, for: device) else {
            return nil
        }
        let isSetupCode = invitation.kind == .setupCode
        var pending = pendingRequest(device, isRepair: record != nil)
        let asked = ScopeSet(params.scopes)
        let granted = params.role == .node ? ScopeSet.none : invitation.scopes.clamping(asked)
        pending.scopes = isSetupCode ? invitation.scopes : granted
        let cut = invitation.scopes.missing(from: asked)
        let clamped = cut.isEmpty ? "" : ", clamped: without \(cut.joined(separator: ", "))"
        note(.pairing, .passed, "by \(invitation.kind.rawValue) \(invitation.id)\(clamped)")
        let roles = isSetupCode ? invitation.roles : [params.role.rawValue]
        var changes: [TrustChange] = [
            .redeem(
                invitation: invitation.digest, pending, roles: roles, via: isSetupCode ? "bootstrap" : "enrolment"),
            .issueToken(
                deviceID: device.id, role: params.role, scopes: params.role == .node ? .none : pending.scopes,
                token: request.freshToken, generation: tokenGeneration),
        ]
        for role in roles where role != params.role.rawValue {
            guard let other = Role(rawValue: role) else { continue }
            changes.append(
                .issueToken(
                    deviceID: device.id, role: other, scopes: other == .node ? .none : invitation.scopes, token: nil))
        }
        var admitted = admitted(device, .bootstrapToken, isPaired: true)
        admitted.scopes = granted
        return (admitted, changes)
    }

    /// Tokens of browsers live as long as the shared secret that was in force when they were issued.
    private var tokenGeneration: Int64? {
        params.client.isBrowserControlUI || params.client.isWebchat ? policy.secretGeneration : nil
    }

    func upgradeReasons(_ record: PairedDevice, _ requested: ScopeSet) -> [PairingReason] {
        var reasons: [PairingReason] = []
        if !MetadataPin.holds(record: record, client: params.client) { reasons.append(.metadataUpgrade) }
        if !record.isEffective(params.role) { reasons.append(.roleUpgrade) }
        if !record.approvedScopes.covers(requested) { reasons.append(.scopeUpgrade) }
        return reasons
    }

    /// Why this needs no approval by hand; nil when it does.
    func silentReason(_ reason: PairingReason, method: AuthMethod, record: PairedDevice?) -> String? {
        guard facts.isDirectLocal else { return nil }
        let isLocalGrade = method == .token || method == .password || method == .none
        let isKnownBrowser = params.client.isControlUI || params.client.isWebchat
        let isOriginFine = facts.origin == nil || isKnownBrowser
        switch reason {
        case .notPaired:
            return policy.autoApproveLocal && isLocalGrade && isOriginFine ? "direct local, secret proven" : nil
        case .roleUpgrade:
            return policy.autoApproveLocal && isLocalGrade && isOriginFine && params.role == .operator
                ? "direct local" : nil
        case .scopeUpgrade:
            return policy.autoApproveLocal && isLocalGrade ? "direct local, secret proven" : nil
        case .metadataUpgrade:
            return facts.origin == nil && !isKnownBrowser && params.client.isNativeAppUI && params.role == .operator
                ? "native app" : nil
        }
    }

    func tokenChange(
        _ device: ProvenDevice, _ record: PairedDevice?, _ method: AuthMethod, _ requested: ScopeSet
    ) -> [TrustChange] {
        guard method != .deviceToken, let record else { return [] }
        // The proxy names the user each time, and a token would outlive its word.
        if method == .trustedProxy, params.client.isControlUI { return [] }
        // A token that exists and covers the request stays: only its digest is kept, so it cannot be sent again. Who
        // comes again with an invitation has lost the answer, and the token with it.
        if method != .bootstrapToken, let token = record.tokens[params.role.rawValue], token.revokedAtMs == nil,
            token.digest != DeviceToken.unissued, token.scopes.covers(requested),
            token.issuerGeneration == nil || token.issuerGeneration == policy.secretGeneration
        {
            return []
        }
        return [
            .issueToken(
                deviceID: device.id, role: params.role, scopes: requested, token: request.freshToken,
                generation: tokenGeneration)
        ]
    }

    func pendingRequest(_ device: ProvenDevice, isRepair: Bool) -> PendingPairing {
        PendingPairing(
            requestID: request.freshRequestID, deviceID: device.id, publicKey: device.publicKey,
            displayName: params.client.displayName, platform: params.client.platform,
            deviceFamily: params.client.deviceFamily, clientID: params.client.id, clientMode: params.client.mode,
            role: params.role.rawValue, scopes: ScopeSet(params.scopes), remoteIP: facts.clientAddress,
            isRepair: isRepair, createdAtMs: nowMs)
    }

    mutating func pairingRefusal(
        _ reason: PairingReason, _ device: ProvenDevice, _ record: PairedDevice?
    ) -> Refused {
        let pending = state.pairing.merged(pendingRequest(device, isRepair: record != nil), nowMs: nowMs)
        var remedy = "on the gateway's host: sallyport devices approve \(pending.requestID)"
        if facts.hasForwardingHeaders, !facts.peerIsTrustedProxy {
            remedy += "; if \(facts.peer) is your reverse proxy, add gateway.trustedProxies: [\"\(facts.peer)\"]"
        }
        let context = ConnectRefusal.PairingContext(
            reason: reason, requestID: pending.requestID, deviceID: device.id, role: params.role, scopes: params.scopes,
            approvedRoles: record?.roles ?? [], approvedScopes: record?.approvedScopes.names ?? [], remedy: remedy)
        return refuse(
            .pairing, "\(reason.rawValue), peer \(facts.peer), direct local: \(facts.isDirectLocal)",
            .pairingRequired(context), changes: [.requestPairing(pending)])
    }
}
