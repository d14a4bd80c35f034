package import Errors

/// The outcome of checking a spawn grant: the first check that fails names it.
package enum GrantVerdict: String, CaseIterable, Equatable, Sendable {
    case valid
    case malformed
    case unsupportedAlgorithm = "unsupported-alg"
    case wrongType = "wrong-type"
    case keyMismatch = "key-mismatch"
    case unknownIssuer = "unknown-issuer"
    case badSignature = "bad-signature"
    case wrongAudience = "wrong-audience"
    case notYetValid = "not-yet-valid"
    case expired
    case depthMismatch = "depth-mismatch"
    case depthExceeded = "depth-exceeded"
    case scopeEscalation = "scope-escalation"
    case issuerRevoked = "issuer-revoked"
    case issuerEnded = "issuer-ended"
    case jtiConflict = "jti-conflict"
    case runEnded = "run-ended"
    case runRevoked = "run-revoked"
    case wrongSubject = "wrong-subject"

    package var sentence: String {
        switch self {
        case .valid: "the grant holds"
        case .malformed: "the grant is not a spawn grant in JWS compact form with complete claims"
        case .unsupportedAlgorithm: "alg must be EdDSA"
        case .wrongType: "typ must be spawn-grant+jwt"
        case .keyMismatch: "sub is not the SHA-256 of the key in cnf"
        case .unknownIssuer: "the gateway does not know the issuer"
        case .badSignature: "the issuer did not sign this"
        case .wrongAudience: "the grant is for another gateway"
        case .notYetValid: "the grant is not valid yet"
        case .expired: "the grant has expired"
        case .depthMismatch: "depth must be one more than the issuer's"
        case .depthExceeded: "the spawn is deeper than maxSpawnDepth"
        case .scopeEscalation: "the grant asks for more than its issuer holds"
        case .issuerRevoked: "the issuer was revoked"
        case .issuerEnded: "the issuer's run has ended"
        case .jtiConflict: "this spawn id was used for another child"
        case .runEnded: "the run has ended"
        case .runRevoked: "the run was revoked"
        case .wrongSubject: "the grant is for another device"
        }
    }

    package var remedy: String {
        switch self {
        case .valid: ""
        case .malformed, .unsupportedAlgorithm, .wrongType, .keyMismatch, .badSignature, .wrongSubject:
            "issue the grant anew with the parent's key (docs/spawn-grants.md)"
        case .unknownIssuer:
            "present the whole chain, root first, or spawn from a session that this gateway knows (sallyport sessions list)"
        case .wrongAudience: "put the id from gateway.identity.get into aud"
        case .notYetValid: "set the clocks of issuer and gateway; 60 s of difference are tolerated"
        case .expired: "renew the grant: same jti, later exp, at most 24 h"
        case .depthMismatch: "set depth to the issuer's depth + 1"
        case .depthExceeded: "raise agents.defaults.subagents.maxSpawnDepth, or spawn from a session nearer to the root"
        case .scopeEscalation: "grant at most the issuer's own scopes"
        case .issuerRevoked, .issuerEnded, .runEnded, .runRevoked: "spawn again from a live session"
        case .jtiConflict: "use a fresh UUID as jti for every spawn"
        }
    }
}

extension GrantVerdict: Catalogued {
    package static let family = ErrorFamily.grant

    /// A grant that holds is no error.
    package static var entries: [ErrorEntry] { allCases.filter { $0 != .valid }.map { ErrorEntry($0) } }

    package var text: ErrorText {
        ErrorText(sentence, rule: "a grant passes all checks of docs/spawn-grants.md, in their order", remedy: remedy)
    }
}
