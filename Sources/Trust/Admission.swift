internal import Crypto
internal import Wire

/// Decides who gets in: a pure walk over ``AdmissionRule`` (design document, section 4; wire protocol, section 4).
///
/// Signatures have been verified before; here only registries, policy and time are looked at, so that the walk can
/// share one critical section with registration and no child slips in between.
package struct Admission {
    let request: AdmissionRequest
    let state: TrustState
    let policy: AdmissionPolicy
    let nowMs: Int64
    private(set) var trace: [RuleStep] = []
    /// Digests of what was offered as the shared secret and is none, as far as it is nothing else that is right.
    var wrongShared: [[UInt8]] = []

    var params: ConnectParams { request.params }
    var facts: TransportFacts { request.facts }

    package static func decide(
        _ request: AdmissionRequest, state: TrustState, policy: AdmissionPolicy, nowMs: Int64
    ) -> Decision {
        var walk = Admission(request: request, state: state, policy: policy, nowMs: nowMs)
        do throws(Refused) {
            let (admitted, changes) = try walk.run()
            return Decision(
                outcome: .admitted(admitted, changes), trace: walk.trace, wrongCredentials: walk.wrongShared,
                limiterClient: walk.limiterClient)
        } catch {
            return Decision(
                outcome: .refused(error.refusal, error.changes), trace: walk.trace,
                wrongCredentials: error.isGuess ? walk.offeredDigests : walk.wrongShared,
                limiterClient: walk.limiterClient)
        }
    }

    struct Refused: Error {
        let refusal: ConnectRefusal
        var changes: [TrustChange] = []
        /// A credential was wrong, not merely missing or misplaced.
        var isGuess = false
    }

    /// What is known of the shared secret.
    enum SharedAuth {
        case proven(AuthMethod)
        /// `detail`: the header that is missing.
        case failed(AuthFailure, detail: String? = nil)
    }

    private init(request: AdmissionRequest, state: TrustState, policy: AdmissionPolicy, nowMs: Int64) {
        self.request = request
        self.state = state
        self.policy = policy
        self.nowMs = nowMs
    }

    // MARK: - The walk

    mutating func run() throws(Refused) -> (Admitted, [TrustChange]) {
        try checkProtocolWindow()
        if let owner = checkOwnerSocket() { return (owner, []) }
        try checkOrigin()
        try checkRateLimit()
        let shared = checkSharedAuth()
        guard let device = try checkDevice(shared) else { return (try admitWithoutDevice(shared), []) }
        if let child = try checkDerivedIdentity(device, shared) { return child }
        let method = try checkBoundCredential(device, shared)
        if let admitted = checkExemptions(device, method) { return (admitted, []) }
        return try checkPairing(device, method)
    }

    /// The most that is kept and logged of a fact: some of them quote the client.
    private static let maxFactBytes = 256

    mutating func note(_ rule: AdmissionRule, _ verdict: RuleStep.Verdict, _ fact: String) {
        let isLong = fact.utf8.count > Self.maxFactBytes
        let kept = isLong ? String(decoding: fact.utf8.prefix(Self.maxFactBytes), as: UTF8.self) + "…" : fact
        trace.append(RuleStep(rule, verdict, kept))
    }

    mutating func refuse(
        _ rule: AdmissionRule, _ fact: String, _ refusal: ConnectRefusal, changes: [TrustChange] = []
    ) -> Refused {
        note(rule, .refused, fact)
        return Refused(refusal: refusal, changes: changes)
    }

    mutating func refuse(
        _ rule: AdmissionRule, _ failure: AuthFailure, detail: String? = nil, fact: String? = nil
    ) -> Refused {
        var refused = refuse(rule, fact ?? failure.reason(detail), authRefusal(failure, detail))
        refused.isGuess = failure.isGuess
        return refused
    }

    mutating func checkProtocolWindow() throws(Refused) {
        let window = "client \(params.minProtocol)...\(params.maxProtocol)"
        guard ProtocolWindow.negotiate(min: params.minProtocol, max: params.maxProtocol) != nil else {
            throw refuse(
                .protocolWindow, window, .protocolMismatch(min: params.minProtocol, max: params.maxProtocol))
        }
        note(.protocolWindow, .passed, window)
    }

    mutating func checkOwnerSocket() -> Admitted? {
        guard facts.isOwnerSocket else {
            note(.ownerSocket, .notConcerned, "TCP")
            return nil
        }
        note(.ownerSocket, .passed, "same uid on the owner's socket")
        return Admitted(
            role: .operator, scopes: ScopeSet(params.scopes), deviceID: nil, method: .ownerSocket,
            dependsOnSharedSecret: false, isDirectLocal: true)
    }

    mutating func checkOrigin() throws(Refused) {
        let isConcerned = facts.origin != nil || params.client.isBrowserControlUI || params.client.isWebchat
        guard isConcerned else {
            note(.origin, .notConcerned, "no Origin header")
            return
        }
        guard let origin = facts.origin, OriginCheck.isWellFormed(origin) else {
            throw refuse(
                .origin, facts.origin == nil ? "missing" : "invalid",
                .originNotAllowed(reason: "origin missing or invalid", origin: nil))
        }
        guard OriginCheck.isAllowed(origin, facts: facts, policy: policy) else {
            throw refuse(.origin, origin, .originNotAllowed(reason: "origin not allowed", origin: origin))
        }
        note(.origin, .passed, origin)
    }

    /// What may be the shared secret: either field may carry it.
    var sharedCandidates: [String] {
        [params.auth.token, params.auth.password].compactMap { $0 }.filter { !$0.isEmpty }
    }

    mutating func checkSharedAuth() -> SharedAuth {
        let candidates = sharedCandidates
        var result: SharedAuth
        switch policy.authMode {
        case .none:
            result = .proven(.none)
        case .trustedProxy:
            result = checkTrustedProxy()
        case .token:
            result = compare(candidates, method: .token, .tokenNotConfigured, .tokenMissing, .tokenMismatch)
        case .password:
            result = compare(candidates, method: .password, .passwordNotConfigured, .passwordMissing, .passwordMismatch)
        }
        if policy.authMode == .token || policy.authMode == .password, let tailscale = checkTailscale() {
            result = tailscale
        }
        if case .failed(let why, _) = result, why.isGuess {
            wrongShared = sharedCandidates.map { SHA256.digest(Array($0.utf8)) }
        }
        switch result {
        case .proven(let method): note(.sharedAuth, .passed, "method \(method.rawValue)")
        case .failed(let why, let detail): note(.sharedAuth, .notConcerned, why.reason(detail))
        }
        return result
    }

    func compare(
        _ candidates: [String], method: AuthMethod, _ notConfigured: AuthFailure, _ missing: AuthFailure,
        _ mismatch: AuthFailure
    ) -> SharedAuth {
        guard let secret = policy.secretDigest else { return .failed(notConfigured) }
        guard !candidates.isEmpty else { return .failed(missing) }
        let matches = candidates.map { constantTimeEquals(SHA256.digest(Array($0.utf8)), secret) }
        return matches.contains(true) ? .proven(method) : .failed(mismatch)
    }

    private func authRefusal(_ failure: AuthFailure, _ detail: String?) -> ConnectRefusal {
        .auth(
            failure, detail: detail, client: params.client,
            canRetryWithDeviceToken: params.device != nil && params.auth.token?.isEmpty == false
                && params.auth.deviceToken == nil)
    }

    /// - Returns: nil when the client has no device and may go on without.
    mutating func checkDevice(_ shared: SharedAuth) throws(Refused) -> ProvenDevice? {
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
}
