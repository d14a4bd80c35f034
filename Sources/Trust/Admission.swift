internal import Crypto
internal import Wire

/// Decides who gets in: a pure walk over ``AdmissionRule`` (design document, section 4; wire protocol, section 4).
///
/// Signatures have been verified before; here only registries, policy and time are looked at, so that the walk can
/// share one critical section with registration and no child slips in between.
package struct Admission {
    private let request: AdmissionRequest
    private let state: TrustState
    private let policy: AdmissionPolicy
    private let nowMs: Int64
    private var trace: [RuleStep] = []

    private var params: ConnectParams { request.params }
    private var facts: TransportFacts { request.facts }

    package static func decide(
        _ request: AdmissionRequest, state: TrustState, policy: AdmissionPolicy, nowMs: Int64
    ) -> Decision {
        var walk = Admission(request: request, state: state, policy: policy, nowMs: nowMs)
        do throws(Refused) {
            let (admitted, changes) = try walk.run()
            return Decision(outcome: .admitted(admitted, changes), trace: walk.trace)
        } catch {
            return Decision(outcome: .refused(error.refusal, error.changes), trace: walk.trace)
        }
    }

    private struct Refused: Error {
        let refusal: ConnectRefusal
        var changes: [TrustChange] = []
    }

    /// What is known of the shared secret.
    private enum SharedAuth {
        case proven(AuthMethod)
        case failed(AuthFailure)
    }

    private init(request: AdmissionRequest, state: TrustState, policy: AdmissionPolicy, nowMs: Int64) {
        self.request = request
        self.state = state
        self.policy = policy
        self.nowMs = nowMs
    }

    // MARK: - The walk

    private mutating func run() throws(Refused) -> (Admitted, [TrustChange]) {
        try checkProtocolWindow()
        if let owner = checkOwnerSocket() { return (owner, []) }
        try checkOrigin()
        let shared = checkSharedAuth()
        guard let device = try checkDevice(shared) else { return (try admitWithoutDevice(shared), []) }
        if let child = try checkDerivedIdentity(device, shared) { return child }
        let method = try checkBoundCredential(device, shared)
        if let admitted = checkExemptions(device, method) { return (admitted, []) }
        return try checkPairing(device, method)
    }

    private mutating func note(_ rule: AdmissionRule, _ verdict: RuleStep.Verdict, _ fact: String) {
        trace.append(RuleStep(rule, verdict, fact))
    }

    private mutating func refuse(
        _ rule: AdmissionRule, _ fact: String, _ refusal: ConnectRefusal, changes: [TrustChange] = []
    ) -> Refused {
        note(rule, .refused, fact)
        return Refused(refusal: refusal, changes: changes)
    }

    private mutating func checkProtocolWindow() throws(Refused) {
        let window = "client \(params.minProtocol)...\(params.maxProtocol)"
        guard ProtocolWindow.negotiate(min: params.minProtocol, max: params.maxProtocol) != nil else {
            throw refuse(
                .protocolWindow, window, .protocolMismatch(min: params.minProtocol, max: params.maxProtocol))
        }
        note(.protocolWindow, .passed, window)
    }

    private mutating func checkOwnerSocket() -> Admitted? {
        guard facts.isOwnerSocket else {
            note(.ownerSocket, .notConcerned, "TCP")
            return nil
        }
        note(.ownerSocket, .passed, "same uid on the owner's socket")
        return Admitted(
            role: .operator, scopes: ScopeSet(params.scopes), deviceID: nil, method: .ownerSocket,
            dependsOnSharedSecret: false, isDirectLocal: true)
    }

    private mutating func checkOrigin() throws(Refused) {
        let isConcerned = facts.origin != nil || params.client.isBrowserControlUI || params.client.isWebchat
        guard isConcerned else {
            note(.origin, .notConcerned, "no Origin header")
            return
        }
        // A sandboxed frame of any web page sends "null": a browser without a name, not a client without a browser.
        guard let origin = facts.origin, !origin.isEmpty, origin.lowercased() != "null" else {
            throw refuse(
                .origin, facts.origin ?? "missing",
                .originNotAllowed(reason: "origin missing or invalid", origin: nil))
        }
        guard OriginCheck.isAllowed(origin, facts: facts, policy: policy) else {
            throw refuse(.origin, origin, .originNotAllowed(reason: "origin not allowed", origin: origin))
        }
        note(.origin, .passed, origin)
    }

    private mutating func checkSharedAuth() -> SharedAuth {
        let candidates = [params.auth.token, params.auth.password].compactMap { $0 }.filter { !$0.isEmpty }
        let result: SharedAuth
        switch policy.authMode {
        case .none:
            result = .proven(.none)
        case .token:
            result = compare(candidates, method: .token, .tokenNotConfigured, .tokenMissing, .tokenMismatch)
        case .password:
            result = compare(candidates, method: .password, .passwordNotConfigured, .passwordMissing, .passwordMismatch)
        }
        switch result {
        case .proven(let method): note(.sharedAuth, .passed, "method \(method.rawValue)")
        case .failed(let why): note(.sharedAuth, .notConcerned, why.rawValue)
        }
        return result
    }

    /// Either field may carry the secret.
    private func compare(
        _ candidates: [String], method: AuthMethod, _ notConfigured: AuthFailure, _ missing: AuthFailure,
        _ mismatch: AuthFailure
    ) -> SharedAuth {
        guard let secret = policy.secretDigest else { return .failed(notConfigured) }
        guard !candidates.isEmpty else { return .failed(missing) }
        let matches = candidates.map { constantTimeEquals(SHA256.digest(Array($0.utf8)), secret) }
        return matches.contains(true) ? .proven(method) : .failed(mismatch)
    }

    private func authRefusal(_ failure: AuthFailure) -> ConnectRefusal {
        .auth(
            failure, client: params.client,
            canRetryWithDeviceToken: params.device != nil && params.auth.token != nil && params.auth.deviceToken == nil)
    }

    /// - Returns: nil when the client has no device and may go on without.
    private mutating func checkDevice(_ shared: SharedAuth) throws(Refused) -> ProvenDevice? {
        if params.client.isControlUI, policy.disableControlUIDeviceAuth, params.role == .operator {
            note(.missingDevice, .passed, "gateway.controlUi.dangerouslyDisableDeviceAuth")
            return nil
        }
        switch request.proof {
        case .absent:
            return nil
        case .failed(let failure):
            note(.missingDevice, .notConcerned, "device sent")
            throw refuse(.deviceProof, failure.rawValue, .proof(failure))
        case .proven(let device):
            note(.missingDevice, .notConcerned, "device sent")
            note(.deviceProof, .passed, "\(device.id.prefix(12))…")
            return device
        }
    }

    // MARK: - No device (wire protocol 4.6, "Missing device identity")

    private mutating func admitWithoutDevice(_ shared: SharedAuth) throws(Refused) -> Admitted {
        let client = params.client
        let isOperator = params.role == .operator
        if client.isControlUI, isOperator, policy.disableControlUIDeviceAuth, case .proven(let method) = shared {
            return deviceless(method, keepingScopes: true, "dangerouslyDisableDeviceAuth")
        }
        if isLocalBackendExempt(shared), isOperator, case .proven(let method) = shared {
            return deviceless(method, keepingScopes: true, "local backend")
        }
        let isInsecureLocalUI = client.isControlUI && policy.allowInsecureControlUI && facts.isDirectLocal
        if client.isControlUI, !isInsecureLocalUI {
            throw refuse(.missingDevice, "Control UI without device", .controlUIDeviceIdentityRequired())
        }
        if isOperator, case .proven(let method) = shared, method != .none {
            let isLocalCLI =
                client.id == "cli" && client.isCLI && facts.isDirectLocal && facts.origin == nil
            return deviceless(
                method, keepingScopes: isInsecureLocalUI || isLocalCLI,
                isLocalCLI ? "local command line" : "operator with shared secret")
        }
        if case .failed(let failure) = shared, !params.auth.isEmpty || failure == .tokenMissing {
            throw refuse(.missingDevice, failure.rawValue, authRefusal(failure))
        }
        throw refuse(.missingDevice, "no device identity", .deviceIdentityRequired())
    }

    private mutating func deviceless(_ method: AuthMethod, keepingScopes: Bool, _ why: String) -> Admitted {
        note(.missingDevice, .passed, keepingScopes ? "\(why), scopes kept" : "\(why), scopes cleared")
        return Admitted(
            role: params.role, scopes: keepingScopes ? ScopeSet(params.scopes) : .none, deviceID: nil, method: method,
            dependsOnSharedSecret: method == .token || method == .password, isDirectLocal: facts.isDirectLocal)
    }

    private func isLocalBackendExempt(_ shared: SharedAuth) -> Bool {
        guard params.client.isLocalBackend, facts.isDirectLocal, facts.origin == nil, case .proven = shared else {
            return false
        }
        return true
    }

    // MARK: - Derived devices (design document, sections 4 and 5)

    private mutating func checkDerivedIdentity(
        _ device: ProvenDevice, _ shared: SharedAuth
    ) throws(Refused) -> (Admitted, [TrustChange])? {
        var known = state.lineage[device.id]
        if let entry = known, entry.isRegistered, !policy.internalSpawnBypass {
            note(.internalSpawnBypass, .notConcerned, "gateway.pairing.internalSpawnBypass is false")
            known = nil
        }
        if known == nil, request.grants.isEmpty {
            note(.derivedIdentity, .notConcerned, "not in the grant registry, no grant presented")
            return nil
        }
        var changes: [TrustChange] = []
        let child: LineageEntry
        if let known {
            child = known
            if let renewed = renewal(of: known) { changes.append(renewed) }
            note(.derivedIdentity, .passed, "\(known.sessionKey), depth \(known.depth), chain root \(known.principal)")
        } else {
            let (entry, chain) = try readChain(presentedBy: device)
            child = entry
            if !chain.isEmpty { changes.append(.presentSpawns(chain, principal: entry.principal)) }
            note(.derivedIdentity, .passed, "\(entry.sessionKey), depth \(entry.depth), grant presented")
        }
        let method = try checkLineageCredential(child, shared)
        let isReportingOnly = try checkLineageLive(child)
        let scopes = child.scopes.clamping(ScopeSet(params.scopes))
        let cut = child.scopes.missing(from: ScopeSet(params.scopes))
        note(
            .scopeLattice, .passed, cut.isEmpty ? "within the grant" : "clamped: without \(cut.joined(separator: ", "))"
        )
        let admitted = Admitted(
            role: params.role == .operator ? .operator : params.role, scopes: scopes, deviceID: device.id,
            method: method,
            dependsOnSharedSecret: method == .token || method == .password, lineage: child,
            isReportingOnly: isReportingOnly, isDirectLocal: facts.isDirectLocal)
        return (admitted, changes)
    }

    /// A presented grant for a device that is known already can only prolong it.
    private func renewal(of entry: LineageEntry) -> TrustChange? {
        guard let last = request.grants.last, last.isSignatureValid, case .success(let parsed) = last.parsed,
            parsed.grant.subject == entry.deviceID, parsed.grant.issuer == entry.issuer,
            let expiresAtMs = entry.expiresAtMs, parsed.grant.expiresAt * 1000 > expiresAtMs,
            check(parsed.grant, isSignatureValid: true, issuer: state.issuerFacts(of: entry.issuer, nowMs: nowMs))
                == .valid
        else { return nil }
        return .renewGrant(deviceID: entry.deviceID, expiresAtMs: parsed.grant.expiresAt * 1000)
    }

    private func check(_ grant: SpawnGrant, isSignatureValid: Bool, issuer: IssuerFacts?) -> GrantVerdict {
        GrantChecks(
            gatewayID: state.lineage.rootDeviceID, nowSeconds: nowMs / 1000, maxSpawnDepth: policy.maxSpawnDepth
        ).verdict(
            on: grant, isSignatureValid: isSignatureValid, issuer: issuer,
            binding: state.lineage.binding(issuer: grant.issuer, spawnID: grant.spawnID))
    }

    /// Judges a chain, root first. Links that the registry knows already are only walked over. Each link must be
    /// issued by the one before it and bring a spawn id of its own: side branches would escape the limits of their
    /// issuer, and a session cannot be its own parent.
    private mutating func readChain(
        presentedBy device: ProvenDevice
    ) throws(Refused) -> (LineageEntry, [SpawnGrant]) {
        var newcomers: [SpawnGrant] = []
        var facts: [String: IssuerFacts] = [:]
        var principal: Principal = .unshared
        var last: LineageEntry?
        var spawnIDs: Set<String> = []
        for presented in request.grants {
            let parsed: ParsedGrant
            switch presented.parsed {
            case .failure(let failure): throw refuseGrant(failure.verdict)
            case .success(let value): parsed = value
            }
            let grant = parsed.grant
            if let last, grant.issuer != last.deviceID { throw refuseGrant(.unknownIssuer) }
            guard spawnIDs.insert(grant.spawnID).inserted else { throw refuseGrant(.jtiConflict) }
            let issuer = facts[grant.issuer] ?? state.issuerFacts(of: grant.issuer, nowMs: nowMs)
            let verdict = check(grant, isSignatureValid: presented.isSignatureValid, issuer: issuer)
            guard verdict == .valid else { throw refuseGrant(verdict) }
            if let known = state.lineage[grant.subject] {
                last = known
                principal = known.principal
                continue
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
        return (last, newcomers)
    }

    private func rootPrincipal(of issuer: String) -> Principal {
        if let entry = state.lineage[issuer] { return entry.principal }
        return state.isPaired(issuer) ? .device(issuer) : .unshared
    }

    private mutating func refuseGrant(_ verdict: GrantVerdict) -> Refused {
        refuse(
            .derivedIdentity, verdict.rawValue,
            .lineage(verdict: verdict.rawValue, sentence: verdict.sentence, remedy: verdict.remedy))
    }

    private mutating func checkLineageCredential(
        _ child: LineageEntry, _ shared: SharedAuth
    ) throws(Refused) -> AuthMethod {
        let offered = [params.auth.token, params.auth.deviceToken].compactMap { $0 }.filter { !$0.isEmpty }
        let digests = offered.map { SHA256.digest(Array($0.utf8)) }
        if let runToken = child.runTokenDigest, digests.contains(where: { constantTimeEquals($0, runToken) }) {
            note(.lineageCredential, .passed, "its own run token")
            return .runToken
        }
        if case .proven(let method) = shared, method == .none || child.principal == .sharedSecret {
            note(.lineageCredential, .passed, method == .none ? "auth mode none" : "the root principal's shared secret")
            return method
        }
        if case .device(let id) = child.principal, let token = liveToken(of: id),
            digests.contains(where: { constantTimeEquals($0, token.digest) })
        {
            note(.lineageCredential, .passed, "token of the root device \(id.prefix(12))…")
            return .deviceToken
        }
        let failure: AuthFailure =
            switch shared {
            case .failed(let why) where why == .tokenMissing || why == .passwordMissing: why
            case .failed(let why): isForeignToken(digests) ? .lineageCredential : why
            case .proven: .lineageCredential
            }
        throw refuse(.lineageCredential, failure.rawValue, authRefusal(failure))
    }

    private func liveToken(of deviceID: String) -> DeviceToken? {
        guard let token = state.pairing.devices[deviceID]?.tokens[Role.operator.rawValue], token.revokedAtMs == nil
        else {
            return nil
        }
        return token
    }

    /// A token that is valid, but somebody else's.
    private func isForeignToken(_ digests: [[UInt8]]) -> Bool {
        digests.contains { digest in
            state.lineage.entry(forRunToken: digest) != nil
                || state.pairing.devices.values.contains { device in
                    device.tokens.values.contains { constantTimeEquals($0.digest, digest) }
                }
        }
    }

    /// - Returns: whether only the run's result may be handed in.
    private mutating func checkLineageLive(_ child: LineageEntry) throws(Refused) -> Bool {
        guard state.lineage[child.deviceID] != nil else {
            note(.lineageLive, .passed, "first presentation")
            return false
        }
        switch state.lineage.liveness(of: child.deviceID, nowMs: nowMs, isPaired: state.isPaired) {
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

    // MARK: - Credentials bound to a device (wire protocol 4.3)

    private mutating func checkBoundCredential(
        _ device: ProvenDevice, _ shared: SharedAuth
    ) throws(Refused) -> AuthMethod {
        guard case .failed(let failure) = shared else {
            guard case .proven(let method) = shared else { return .none }
            note(.boundCredential, .notConcerned, "shared auth passed")
            return method
        }
        let explicit = params.auth.deviceToken.flatMap { $0.isEmpty ? nil : $0 }
        guard let candidate = explicit ?? params.auth.token.flatMap({ $0.isEmpty ? nil : $0 }) else {
            throw refuse(.boundCredential, failure.rawValue, authRefusal(failure))
        }
        let digest = SHA256.digest(Array(candidate.utf8))
        guard let record = state.pairing.devices[device.id], let token = record.tokens[params.role.rawValue],
            token.revokedAtMs == nil, constantTimeEquals(token.digest, digest)
        else {
            if let owner = state.lineage.entry(forRunToken: digest) {
                throw refuse(
                    .boundCredential, "run token of \(owner.sessionKey), other device",
                    authRefusal(.lineageCredential))
            }
            let reported = explicit == nil ? failure : .deviceTokenMismatch
            throw refuse(.boundCredential, reported.rawValue, authRefusal(reported))
        }
        let requested = ScopeSet(params.scopes)
        guard token.scopes.covers(requested), record.approvedScopes.covers(token.scopes) else {
            throw refuse(.boundCredential, AuthFailure.scopeMismatch.rawValue, authRefusal(.scopeMismatch))
        }
        note(.boundCredential, .passed, "device token")
        return .deviceToken
    }

    // MARK: - Pairing (wire protocol 4.8)

    private func admitted(_ device: ProvenDevice, _ method: AuthMethod) -> Admitted {
        Admitted(
            role: params.role, scopes: ScopeSet(params.scopes), deviceID: device.id, method: method,
            dependsOnSharedSecret: method == .token || method == .password, isDirectLocal: facts.isDirectLocal)
    }

    /// Rules by which a proven device needs no pairing record.
    private mutating func checkExemptions(_ device: ProvenDevice, _ method: AuthMethod) -> Admitted? {
        guard state.pairing.devices[device.id] == nil else { return nil }
        let isSecretProven = method == .token || method == .password
        if params.client.isLocalBackend, facts.isDirectLocal, facts.origin == nil, params.role == .operator {
            note(.localBackend, .passed, "gateway-client/backend on a direct local connection")
            return admitted(device, method)
        }
        if params.client.isControlUI, params.role == .operator, method == .none {
            note(.controlUI, .passed, "auth mode none")
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

    private mutating func checkPairing(
        _ device: ProvenDevice, _ method: AuthMethod
    ) throws(Refused) -> (Admitted, [TrustChange]) {
        let requested = ScopeSet(params.scopes)
        let record = state.pairing.devices[device.id]
        let reasons = record.map { upgradeReasons($0, requested) } ?? [.notPaired]
        guard !reasons.isEmpty else {
            note(.pairing, .passed, "paired")
            return (admitted(device, method), tokenChange(device, record, method, requested))
        }
        for reason in reasons {
            guard let why = silentReason(reason, method: method, record: record) else {
                throw pairingRefusal(reason, device, record)
            }
            note(reason == .notPaired ? .silentLocal : .silentLocalUpgrade, .passed, "\(reason.rawValue): \(why)")
        }
        let pending = pendingRequest(device, isRepair: record != nil)
        let changes: [TrustChange] = [
            .approveSilently(pending),
            .issueToken(
                deviceID: device.id, role: params.role,
                scopes: (record?.approvedScopes ?? .none).union(requested), token: request.freshToken),
        ]
        return (admitted(device, method), changes)
    }

    private func upgradeReasons(_ record: PairedDevice, _ requested: ScopeSet) -> [PairingReason] {
        var reasons: [PairingReason] = []
        if !MetadataPin.holds(record: record, client: params.client) { reasons.append(.metadataUpgrade) }
        if !record.isEffective(params.role) { reasons.append(.roleUpgrade) }
        if !record.approvedScopes.covers(requested) { reasons.append(.scopeUpgrade) }
        return reasons
    }

    /// Why this needs no approval by hand; nil when it does.
    private func silentReason(_ reason: PairingReason, method: AuthMethod, record: PairedDevice?) -> String? {
        let isLocalGrade = method == .token || method == .password || method == .none
        guard facts.isDirectLocal, isLocalGrade else { return nil }
        let isKnownBrowser = params.client.isControlUI || params.client.isWebchat
        let isOriginFine = facts.origin == nil || isKnownBrowser
        switch reason {
        case .notPaired:
            return policy.autoApproveLocal && isOriginFine ? "direct local, secret proven" : nil
        case .roleUpgrade:
            return policy.autoApproveLocal && isOriginFine && params.role == .operator ? "direct local" : nil
        case .scopeUpgrade:
            return policy.autoApproveLocal ? "direct local, secret proven" : nil
        case .metadataUpgrade:
            return facts.origin == nil && !isKnownBrowser && params.client.isNativeAppUI ? "native app" : nil
        }
    }

    private func tokenChange(
        _ device: ProvenDevice, _ record: PairedDevice?, _ method: AuthMethod, _ requested: ScopeSet
    ) -> [TrustChange] {
        guard method != .deviceToken, let record else { return [] }
        // A token that exists and covers the request stays: only its digest is kept, so it cannot be sent again.
        if let token = record.tokens[params.role.rawValue], token.revokedAtMs == nil,
            token.digest != DeviceToken.unissued, token.scopes.covers(requested)
        {
            return []
        }
        return [.issueToken(deviceID: device.id, role: params.role, scopes: requested, token: request.freshToken)]
    }

    private func pendingRequest(_ device: ProvenDevice, isRepair: Bool) -> PendingPairing {
        PendingPairing(
            requestID: request.freshRequestID, deviceID: device.id, publicKey: device.publicKey,
            displayName: params.client.displayName, platform: params.client.platform,
            deviceFamily: params.client.deviceFamily, clientID: params.client.id, clientMode: params.client.mode,
            role: params.role.rawValue, scopes: ScopeSet(params.scopes), remoteIP: facts.clientAddress,
            isRepair: isRepair, createdAtMs: nowMs)
    }

    private mutating func pairingRefusal(
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
