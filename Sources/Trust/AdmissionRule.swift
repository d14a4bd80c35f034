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
    case silentLocal = "silent-local"
    case silentLocalUpgrade = "silent-local-upgrade"
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
