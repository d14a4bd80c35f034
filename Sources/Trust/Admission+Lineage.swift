internal import Crypto
internal import Wire

/// Derived devices (design document, sections 4 and 5).
extension Admission {
    mutating func checkDerivedIdentity(
        _ device: ProvenDevice, _ shared: SharedAuth
    ) throws(Refused) -> (Admitted, [TrustChange])? {
        var known = state.lineage[device.id]
        if let entry = known, entry.isRegistered, !policy.internalSpawnBypass {
            // Without its grant it is nobody, and a derived device never enters the pairing store.
            guard !request.grants.isEmpty else { throw refuseWithoutBypass() }
            note(.internalSpawnBypass, .notConcerned, "gateway.pairing.internalSpawnBypass is false")
            known = nil
        }
        if known == nil, request.grants.isEmpty {
            note(.derivedIdentity, .notConcerned, "not in the grant registry, no grant presented")
            return nil
        }
        var changes: [TrustChange] = []
        var child: LineageEntry
        if let known {
            child = known
            if let expiresAtMs = renewedExpiry(of: known) {
                child.expiresAtMs = expiresAtMs
                changes.append(.renewGrant(deviceID: known.deviceID, expiresAtMs: expiresAtMs))
            }
            note(.derivedIdentity, .passed, "\(known.sessionKey), depth \(known.depth), chain root \(known.principal)")
        } else {
            let (entry, chain, placements) = try readChain(presentedBy: device)
            child = entry
            changes += placements.map(TrustChange.bindPlaced)
            if !chain.isEmpty { changes.append(.presentSpawns(chain, principal: entry.principal)) }
            note(.derivedIdentity, .passed, "\(entry.sessionKey), depth \(entry.depth), grant presented")
        }
        guard params.role == .operator else { throw refuse(.derivedIdentity, "role node", .derivedRole()) }
        let method = try checkLineageCredential(child, shared)
        let isReportingOnly = try checkLineageLive(child)
        let scopes = child.scopes.clamping(ScopeSet(params.scopes))
        let cut = child.scopes.missing(from: ScopeSet(params.scopes))
        note(
            .scopeLattice, .passed, cut.isEmpty ? "within the grant" : "clamped: without \(cut.joined(separator: ", "))"
        )
        let admitted = Admitted(
            role: .operator, scopes: scopes, deviceID: device.id, method: method,
            dependsOnSharedSecret: method == .token || method == .password, lineage: child,
            isReportingOnly: isReportingOnly, isDirectLocal: facts.isDirectLocal)
        return (admitted, changes)
    }

    /// A presented grant for a device that is known already can only prolong it, and only with the same binding.
    func renewedExpiry(of entry: LineageEntry) -> Int64? {
        guard let last = request.grants.last, last.isSignatureValid, case .success(let parsed) = last.parsed,
            parsed.grant.subject == entry.deviceID, parsed.grant.issuer == entry.issuer,
            parsed.grant.spawnID == entry.spawnID, let expiresAtMs = entry.expiresAtMs,
            parsed.grant.expiresAt * 1000 > expiresAtMs,
            check(parsed.grant, isSignatureValid: true, issuer: state.issuerFacts(of: entry.issuer, nowMs: nowMs))
                == .valid
        else { return nil }
        return parsed.grant.expiresAt * 1000
    }

    func check(_ grant: SpawnGrant, isSignatureValid: Bool, issuer: IssuerFacts?) -> GrantVerdict {
        GrantChecks(
            gatewayID: state.lineage.rootDeviceID, nowSeconds: nowMs / 1000, maxSpawnDepth: policy.maxSpawnDepth
        ).verdict(
            on: grant, isSignatureValid: isSignatureValid, issuer: issuer,
            binding: state.lineage.binding(issuer: grant.issuer, spawnID: grant.spawnID))
    }

    /// Judges a chain, root first. Runs that the gateway has given to their issuer are bound to their keys; links that the registry knows already are only walked over.
    mutating func readChain(
        presentedBy device: ProvenDevice
    ) throws(Refused) -> (LineageEntry, [SpawnGrant], placements: [LineageEntry]) {
        var newcomers: [SpawnGrant] = []
        var placements: [LineageEntry] = []
        var facts: [String: IssuerFacts] = [:]
        var principal: Principal = .unshared
        var last: LineageEntry?
        for presented in request.grants {
            let parsed: ParsedGrant
            switch presented.parsed {
            case .failure(let failure): throw refuseGrant(failure.verdict)
            case .success(let value): parsed = value
            }
            let grant = parsed.grant
            // Root first, and nothing beside the chain: what is committed is what leads to this device.
            guard last == nil || last?.deviceID == grant.issuer else { throw refuseGrant(.malformed) }
            let placed = state.lineage.placed(issuer: grant.issuer, spawnID: grant.spawnID)
            if placed == nil, presented.isSignatureValid, state.lineage[grant.subject] == nil,
                state.isPoolWorker(grant.issuer)
            {
                throw refuse(.derivedIdentity, "not-given", .runNotGiven)
            }
            var issuer = facts[grant.issuer] ?? state.issuerFacts(of: grant.issuer, nowMs: nowMs)
            if let placed, let known = issuer {
                // Its rights are the run's, which the gateway has accepted; the issuer need not have them itself.
                issuer = IssuerFacts(
                    publicKey: known.publicKey, scopes: placed.scopes, depth: known.depth, state: known.state)
            }
            let verdict = check(grant, isSignatureValid: presented.isSignatureValid, issuer: issuer)
            guard verdict == .valid else { throw refuseGrant(verdict) }
            if let known = state.lineage[grant.subject] {
                last = known
                principal = known.principal
                continue
            }
            if let placed {
                let bound = placed.placed(grant, rootDeviceID: state.lineage.rootDeviceID)
                placements.append(bound)
                (last, principal) = (bound, bound.principal)
                facts[grant.subject] = IssuerFacts(
                    publicKey: bound.publicKey, scopes: bound.scopes, depth: bound.depth, state: .live)
                continue
            }
            guard isUnused(grant), !newcomers.contains(where: { $0.spawnID == grant.spawnID }) else {
                throw refuseGrant(.jtiConflict)
            }
            // Presenting a child for the first time is spawning it.
            guard issuer?.scopes.covers(.write) == true else { throw refuseGrant(.scopeEscalation) }
            if facts[grant.issuer] == nil { principal = rootPrincipal(of: grant.issuer) }
            facts[grant.subject] = IssuerFacts(
                publicKey: grant.publicKey, scopes: grant.scopes, depth: grant.depth, state: .live)
            newcomers.append(grant)
            last = LineageEntry(
                deviceID: grant.subject, publicKey: grant.publicKey, issuer: grant.issuer, spawnID: grant.spawnID,
                sessionKey: grant.sessionKey, scopes: grant.scopes, depth: grant.depth, principal: principal,
                asker: nil, runID: grant.spawnID, isRegistered: false, expiresAtMs: grant.expiresAt * 1000,
                runTokenDigest: nil)
        }
        guard let last, last.deviceID == device.id else { throw refuseGrant(.wrongSubject) }
        return (last, newcomers, placements)
    }

    /// A new child takes neither the session nor the run of another, whoever issued that.
    func isUnused(_ grant: SpawnGrant) -> Bool {
        state.lineage.entry(forSession: grant.sessionKey) == nil && state.lineage.entry(forRun: grant.spawnID) == nil
    }

    func rootPrincipal(of issuer: String) -> Principal {
        if let entry = state.lineage[issuer] { return entry.principal }
        return state.isPaired(issuer) ? .device(issuer) : .unshared
    }

    private mutating func refuseWithoutBypass() -> Refused {
        refuse(
            .internalSpawnBypass, "registered device, switched off",
            .lineage(
                verdict: "bypass-off", sentence: "registered grants are not recognised",
                remedy: "set gateway.pairing.internalSpawnBypass: true, or present the grant (SALLYPORT_SPAWN_GRANTS)"))
    }

    mutating func refuseGrant(_ verdict: GrantVerdict) -> Refused {
        refuse(
            .derivedIdentity, verdict.rawValue,
            .lineage(verdict: verdict.rawValue, sentence: verdict.sentence, remedy: verdict.remedy))
    }

    mutating func checkLineageCredential(
        _ child: LineageEntry, _ shared: SharedAuth
    ) throws(Refused) -> AuthMethod {
        let offered = [params.auth.token, params.auth.deviceToken].compactMap { $0 }.filter { !$0.isEmpty }
        let digests = offered.map { SHA256.digest(Array($0.utf8)) }
        if let runToken = child.runTokenDigest, digests.contains(where: { constantTimeEquals($0, runToken) }) {
            wrongShared = []
            note(.lineageCredential, .passed, "its own run token")
            return .runToken
        }
        if case .proven(let method) = shared,
            method == .none || (method == .token && child.principal == .sharedSecret)
        {
            note(.lineageCredential, .passed, method == .none ? "auth mode none" : "the root principal's shared token")
            return method
        }
        if case .device(let id) = child.principal, let token = liveToken(of: id),
            digests.contains(where: { constantTimeEquals($0, token.digest) })
        {
            wrongShared = []
            note(.lineageCredential, .passed, "token of the root device \(id.prefix(12))…")
            return .deviceToken
        }
        let failure: AuthFailure =
            switch shared {
            case .failed(let why, _): isForeignToken(digests) ? .lineageCredential : why
            case .proven: .lineageCredential
            }
        throw refuse(.lineageCredential, failure)
    }

    func liveToken(of deviceID: String) -> DeviceToken? {
        guard let token = state.pairing.devices[deviceID]?.tokens[Role.operator.rawValue], token.revokedAtMs == nil,
            token.issuerGeneration == nil || token.issuerGeneration == policy.secretGeneration
        else {
            return nil
        }
        return token
    }

    /// A token that is valid, but somebody else's.
    func isForeignToken(_ digests: [[UInt8]]) -> Bool {
        digests.contains { digest in
            state.lineage.entry(forRunToken: digest) != nil
                || state.pairing.devices.values.contains { device in
                    device.tokens.values.contains { constantTimeEquals($0.digest, digest) }
                }
        }
    }

    /// - Returns: whether only the run's result may be handed in.
    mutating func checkLineageLive(_ child: LineageEntry) throws(Refused) -> Bool {
        guard state.lineage[child.deviceID] != nil else {
            note(.lineageLive, .passed, "first presentation")
            return false
        }
        let liveness = state.lineage.liveness(
            of: child.deviceID, expiresAtMs: child.expiresAtMs, nowMs: nowMs, isPaired: state.isPaired)
        switch liveness {
        case .live:
            note(.lineageLive, .passed, "every ancestor and asker is live")
            return false
        case .reporting:
            note(.lineageLive, .passed, "run ended, grace for its result")
            return true
        case .dead(let verdict, let because):
            throw refuse(
                .lineageLive, "\(verdict.rawValue): \(because)",
                .lineage(verdict: verdict.rawValue, sentence: verdict.sentence, remedy: verdict.remedy))
        }
    }
}
