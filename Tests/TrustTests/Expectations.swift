import JSON
import Testing
import Trust
import Wire

/// What the documents say a refused client gets to see.
struct ExpectedRefusal: Sendable {
    var code: String
    var detailsCode: String
    /// `details.reason`, or `details.authReason` of an auth failure.
    var reason: String?
    var message: String
    var closeCode: UInt16 = 1008
    var closeReason: String

    static func auth(_ code: String, _ reason: String, _ message: String) -> ExpectedRefusal {
        ExpectedRefusal(
            code: "INVALID_REQUEST", detailsCode: code, reason: reason, message: message, closeReason: message)
    }

    static let tokenMissing = auth(
        "AUTH_TOKEN_MISSING", "token_missing",
        "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)")
    static let tokenMismatch = auth(
        "AUTH_TOKEN_MISMATCH", "token_mismatch",
        "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)")
    static let tokenMismatchOfOthers = auth(
        "AUTH_TOKEN_MISMATCH", "token_mismatch",
        "unauthorized: gateway token mismatch (provide gateway auth token)")
    static let passwordMismatch = auth(
        "AUTH_PASSWORD_MISMATCH", "password_mismatch",
        "unauthorized: gateway password mismatch (set gateway.remote.password to match gateway.auth.password)")
    static let passwordMissing = auth(
        "AUTH_PASSWORD_MISSING", "password_missing",
        "unauthorized: gateway password missing (set gateway.remote.password to match gateway.auth.password)")
    static let tokenNotConfigured = auth(
        "AUTH_TOKEN_NOT_CONFIGURED", "token_missing_config",
        "unauthorized: gateway token not configured on gateway (set gateway.auth.token)")
    static let passwordNotConfigured = auth(
        "AUTH_PASSWORD_NOT_CONFIGURED", "password_missing_config",
        "unauthorized: gateway password not configured on gateway (set gateway.auth.password)")
    static let deviceTokenMismatch = auth(
        "AUTH_DEVICE_TOKEN_MISMATCH", "device_token_mismatch",
        "unauthorized: device token mismatch (rotate/reissue device token)")
    static let scopeMismatch = auth(
        "AUTH_SCOPE_MISMATCH", "scope_mismatch",
        "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)")
    static let bootstrapTokenInvalid = auth(
        "AUTH_BOOTSTRAP_TOKEN_INVALID", "bootstrap_token_invalid",
        "unauthorized: bootstrap token invalid or expired (scan a fresh setup code)")
    /// Ours: a valid credential, but not of the derived device's lineage.
    static let lineageCredential = auth(
        "AUTH_LINEAGE_CREDENTIAL", "lineage_credential",
        AuthFailure.lineageCredential.message(
            to: ClientInfo(id: "cli", version: "1", platform: "linux", mode: "cli")))
    static let deviceIdentityRequired = ExpectedRefusal(
        code: "NOT_PAIRED", detailsCode: "DEVICE_IDENTITY_REQUIRED", message: "device identity required",
        closeReason: "device identity required")
    static let controlUIDeviceIdentityRequired = ExpectedRefusal(
        code: "INVALID_REQUEST", detailsCode: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
        message: "control ui requires device identity (use HTTPS or localhost secure context)",
        closeReason: "control ui requires device identity (use HTTPS or localhost secure context)")

    static func origin(_ reason: String) -> ExpectedRefusal {
        let text =
            "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)"
        return ExpectedRefusal(
            code: "INVALID_REQUEST", detailsCode: "CONTROL_UI_ORIGIN_NOT_ALLOWED", reason: reason, message: text,
            closeReason: text)
    }

    static func proof(_ code: String, _ reason: String, _ message: String) -> ExpectedRefusal {
        ExpectedRefusal(
            code: "INVALID_REQUEST", detailsCode: code, reason: reason, message: message, closeReason: message)
    }

    static func pairing(_ reason: String, requestID: String = World.requestID) -> ExpectedRefusal {
        let sentences = [
            "not-paired": "device is not approved yet",
            "role-upgrade": "device is asking for a higher role than currently approved",
            "scope-upgrade": "device is asking for more scopes than currently approved",
            "metadata-upgrade": "device identity changed and must be re-approved",
        ]
        return ExpectedRefusal(
            code: "NOT_PAIRED", detailsCode: "PAIRING_REQUIRED", reason: reason,
            message: "pairing required: " + (sentences[reason] ?? "?"),
            closeReason: "pairing required: \(reason) (requestId: \(requestID))")
    }

    /// Ours: the word of the spawn-grant vectors is the reason.
    static func lineage(_ verdict: GrantVerdict) -> ExpectedRefusal {
        ExpectedRefusal(
            code: "FORBIDDEN", detailsCode: "SPAWN_GRANT_REFUSED", reason: verdict.rawValue,
            message: "spawn grant refused: \(verdict.rawValue) (\(verdict.sentence))",
            closeReason: "spawn grant refused: \(verdict.rawValue)")
    }
}

/// The kinds of `TrustChange`, for tables.
enum ChangeKind: Equatable, Sendable {
    case requestPairing, approveSilently, approveByProxy, redeem, issueToken, presentSpawns, bindPlaced, renewGrant

    init(_ change: TrustChange) {
        self =
            switch change {
            case .requestPairing: .requestPairing
            case .approveSilently: .approveSilently
            case .approveByProxy: .approveByProxy
            case .redeem: .redeem
            case .issueToken: .issueToken
            case .presentSpawns: .presentSpawns
            case .bindPlaced: .bindPlaced
            case .renewGrant: .renewGrant
            }
    }
}

extension Decision {
    var admitted: Admitted? {
        if case .admitted(let admitted, _) = outcome { admitted } else { nil }
    }

    var refusal: ConnectRefusal? {
        if case .refused(let refusal, _) = outcome { refusal } else { nil }
    }

    var changes: [TrustChange] {
        switch outcome {
        case .admitted(_, let changes), .refused(_, let changes): changes
        }
    }

    var pendingRequest: PendingPairing? {
        for case .requestPairing(let pending) in changes { return pending }
        return nil
    }

    var changeKinds: [ChangeKind] { changes.map(ChangeKind.init) }
}

extension ConnectRefusal {
    /// Every refusal says what to do next.
    var hasRemedy: Bool {
        ["remediationHint", "recommendedNextStep"].contains { error.details[$0]?.string?.isEmpty == false }
    }
}

func expectRefused(
    _ decision: Decision, _ expected: ExpectedRefusal, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let refusal = decision.refusal else {
        Issue.record("admitted: \(decision.summary) \(comment?.rawValue ?? "")", sourceLocation: sourceLocation)
        return
    }
    let details = refusal.error.details
    #expect(refusal.error.code.rawValue == expected.code, comment, sourceLocation: sourceLocation)
    #expect(details["code"]?.string == expected.detailsCode, comment, sourceLocation: sourceLocation)
    let reason = details[expected.detailsCode.hasPrefix("AUTH_") ? "authReason" : "reason"]?.string
    #expect(reason == expected.reason, comment, sourceLocation: sourceLocation)
    #expect(refusal.error.message == expected.message, comment, sourceLocation: sourceLocation)
    #expect(
        refusal.close == GatewayClose(expected.closeCode, expected.closeReason), comment, sourceLocation: sourceLocation
    )
    #expect(refusal.close.reason.utf8.count <= 120, comment, sourceLocation: sourceLocation)
    #expect(refusal.hasRemedy, comment, sourceLocation: sourceLocation)
    let last = decision.trace.last
    #expect(last?.verdict == .refused, comment, sourceLocation: sourceLocation)
    #expect(decision.trace.count { $0.verdict == .refused } == 1, comment, sourceLocation: sourceLocation)
    if expected.detailsCode == "PAIRING_REQUIRED" {
        // Refused is not forgotten: the owner finds a request to approve, under the id that the client was told.
        #expect(decision.changeKinds == [.requestPairing], comment, sourceLocation: sourceLocation)
        #expect(
            details["requestId"]?.string == decision.pendingRequest?.requestID, comment, sourceLocation: sourceLocation)
    } else {
        #expect(decision.changes.isEmpty, comment, sourceLocation: sourceLocation)
    }
}

func expectAdmitted(
    _ decision: Decision, scopes: [String], method: AuthMethod, changes: [ChangeKind] = [], _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let admitted = decision.admitted else {
        Issue.record(
            "refused: \(decision.summary) \(comment?.rawValue ?? "")", sourceLocation: sourceLocation)
        return
    }
    #expect(admitted.scopes.names == scopes, comment, sourceLocation: sourceLocation)
    #expect(admitted.method == method, comment, sourceLocation: sourceLocation)
    #expect(
        admitted.dependsOnSharedSecret == (method == .token || method == .password), comment,
        sourceLocation: sourceLocation)
    #expect(decision.changeKinds == changes, comment, sourceLocation: sourceLocation)
    #expect(!decision.trace.contains { $0.verdict == .refused }, comment, sourceLocation: sourceLocation)
    #expect(!decision.summary.isEmpty, comment, sourceLocation: sourceLocation)
}
