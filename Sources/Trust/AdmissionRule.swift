/// The rules of admission, in the order in which they are walked. `docs/trust.md` explains each.
package enum AdmissionRule: String, CaseIterable, Sendable {
    case protocolWindow = "protocol-window"
    case ownerSocket = "owner-socket"
    case origin
    case rateLimit = "rate-limit"
    case sharedAuth = "shared-auth"
    case missingDevice = "missing-device"
    case deviceProof = "device-proof"
    case internalSpawnBypass = "internal-spawn-bypass"
    case derivedIdentity = "derived-identity"
    case lineageCredential = "lineage-credential"
    case lineageLive = "lineage-live"
    case scopeLattice = "scope-lattice"
    case enrolmentToken = "enrolment-token"
    case boundCredential = "bound-credential"
    case localBackend = "local-backend"
    case controlUI = "control-ui"
    case loopbackExempt = "loopback-exempt"
    case enforcePairingOff = "enforce-pairing-off"
    case requireForExternal = "require-for-external"
    case pairing
    case proxyAutoApprove = "proxy-auto-approve"
    case silentLocal = "silent-local"
    case silentLocalUpgrade = "silent-local-upgrade"
}

extension AdmissionRule {
    /// Keys of the configuration that the rule looks at.
    package var settings: [String] {
        switch self {
        case .protocolWindow, .ownerSocket, .deviceProof, .lineageLive, .pairing, .boundCredential, .enrolmentToken: []
        case .origin:
            ["gateway.controlUi.allowedOrigins", "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback"]
        case .rateLimit:
            [
                "gateway.auth.rateLimit.maxAttempts", "gateway.auth.rateLimit.lockoutMs",
                "gateway.auth.rateLimit.exemptLoopback",
            ]
        case .sharedAuth: ["gateway.auth.mode", "gateway.auth.allowTailscale"]
        case .missingDevice:
            [
                "gateway.controlUi.allowInsecureAuth", "gateway.controlUi.dangerouslyDisableDeviceAuth",
                "gateway.auth.identityScopes",
            ]
        case .internalSpawnBypass: ["gateway.pairing.internalSpawnBypass"]
        case .derivedIdentity: ["agents.defaults.subagents.maxSpawnDepth"]
        case .lineageCredential: ["gateway.auth.mode", "agents.defaults.subagents.credential"]
        case .scopeLattice: ["agents.defaults.subagents.scopes"]
        case .localBackend, .controlUI: ["gateway.auth.mode"]
        case .loopbackExempt: ["gateway.pairing.loopbackExempt", "security.devicePairing.skipForLoopback"]
        case .enforcePairingOff: ["gateway.security.enforcePairing"]
        case .requireForExternal: ["security.devicePairing.requireForExternal"]
        case .silentLocal, .silentLocalUpgrade: ["gateway.nodes.pairing.autoApproveLocal"]
        case .proxyAutoApprove:
            [
                "gateway.auth.trustedProxy.deviceAutoApprove.enabled",
                "gateway.auth.trustedProxy.deviceAutoApprove.scopes",
            ]
        }
    }
}

/// One step of the walk: the rule, what it said, and the fact it looked at.
package struct RuleStep: Equatable, Sendable {
    package enum Verdict: String, Sendable {
        case passed
        case refused
        case notConcerned = "not concerned"
    }

    package let rule: AdmissionRule
    package let verdict: Verdict
    package let fact: String

    package init(_ rule: AdmissionRule, _ verdict: Verdict, _ fact: String) {
        self.rule = rule
        self.verdict = verdict
        self.fact = fact
    }
}
