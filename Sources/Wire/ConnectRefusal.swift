internal import JSON

/// Everything a refused client is told: the error of its `connect` response and the close frame after it.
package struct ConnectRefusal: Error, Equatable, Sendable {
    package let error: GatewayError
    package let close: GatewayClose

    package init(error: GatewayError, close: GatewayClose) {
        self.error = error
        self.close = close
    }

    private static func refusal(
        _ code: ErrorCode, _ entry: DetailsCode, _ message: String? = nil, _ details: [(String, JSON)] = [],
        remedy: String? = nil, close: GatewayClose? = nil
    ) -> ConnectRefusal {
        let error = GatewayError(code, entry, message, remedy: remedy, details: JSONObject(details))
        return ConnectRefusal(error: error, close: close ?? GatewayClose(1008, error.message))
    }

    package static func invalidParams(_ why: String) -> ConnectRefusal {
        refusal(.invalidRequest, .invalidConnectParams, "invalid connect params: \(why)")
    }

    package static func invalidRole(_ name: String) -> ConnectRefusal {
        refusal(.invalidRequest, .invalidRole)
    }

    package static func derivedRole() -> ConnectRefusal {
        refusal(
            .invalidRequest, .invalidRole,
            remedy: "a derived device is an operator: leave role out, or pair a device of its own")
    }

    package static func protocolMismatch(min: Int64, max: Int64) -> ConnectRefusal {
        refusal(
            .invalidRequest, .protocolMismatch, nil,
            [
                ("clientMinProtocol", .integer(min)), ("clientMaxProtocol", .integer(max)),
                ("expectedProtocol", .integer(Int64(ProtocolWindow.newest))),
                ("minimumProbeProtocol", .integer(Int64(ProtocolWindow.oldest))),
            ], close: .protocolMismatch)
    }

    package static func originNotAllowed(reason: String, origin: String?) -> ConnectRefusal {
        let message =
            "origin not allowed (open the Control UI from the gateway host or allow it in "
            + "gateway.controlUi.allowedOrigins)"
        let hint =
            origin.map { "add \"\($0)\" to gateway.controlUi.allowedOrigins" }
            ?? "send an Origin that is in gateway.controlUi.allowedOrigins; a client that is no browser sends none and "
            + "uses another mode than webchat"
        return refusal(
            .invalidRequest, .controlUIOriginNotAllowed, message, [("reason", .string(reason))], remedy: hint)
    }

    package static func controlUIDeviceIdentityRequired() -> ConnectRefusal {
        refusal(
            .invalidRequest, .controlUIDeviceIdentityRequired)
    }

    package static func deviceIdentityRequired() -> ConnectRefusal {
        refusal(
            .notPaired, .deviceIdentityRequired)
    }

    package static func proof(_ failure: ProofFailure) -> ConnectRefusal {
        refusal(
            .invalidRequest, failure.code, nil, [("reason", .string(failure.rawValue))])
    }

    package static func auth(
        _ failure: AuthFailure, detail: String? = nil, client: ClientInfo, canRetryWithDeviceToken: Bool = false,
        retryAfterMs: Int64? = nil
    ) -> ConnectRefusal {
        let canRetry = canRetryWithDeviceToken && failure == .tokenMismatch
        var details: [(String, JSON)] = [
            ("code", .string(failure.code.rawValue)), ("authReason", .string(failure.reason(detail))),
        ]
        if canRetry { details.append(("canRetryWithDeviceToken", true)) }
        details.append(("recommendedNextStep", .string(failure.nextStep(canRetryWithDeviceToken: canRetry))))
        if let remedy = failure.ownersRemedy { details.append(("remediationHint", .string(remedy))) }
        var error = GatewayError(.invalidRequest, failure.message(to: client), details: JSONObject(details))
        if failure == .rateLimited {
            error.retryable = true
            error.retryAfterMs = retryAfterMs
        }
        return ConnectRefusal(error: error, close: GatewayClose(1008, error.message))
    }

    /// The lineage of a derived device does not hold. `verdict` is the word of the spawn-grant vectors
    /// (`expired`, `issuer-revoked`, …).
    package static func lineage(
        verdict: String, sentence: String, remedy: String, close: GatewayClose? = nil
    ) -> ConnectRefusal {
        let message = "spawn grant refused: \(verdict) (\(sentence))"
        return refusal(
            .forbidden, .spawnGrantRefused, message, [("reason", .string(verdict))], remedy: remedy,
            close: close ?? GatewayClose(.spawnGrantRefused, verdict))
    }

    /// A child of a pool's worker, whose run has gone elsewhere or was never given to that worker.
    package static let runNotGiven = lineage(
        verdict: "not-given", sentence: "the gateway has not given this run to the worker that signs for it",
        remedy: "nothing is to be done: a run that goes elsewhere leaves its first worker behind",
        close: .clientInvalidated("run-not-given"))

    /// A spawn that arrived as a presented grant and that the spawn policy refuses.
    package static func spawnPolicy(message: String, rule: String, remedy: String) -> ConnectRefusal {
        refusal(
            .forbidden, .spawnRefused, message, [("reason", .string(rule))], remedy: remedy)
    }

    package struct PairingContext: Sendable {
        package var reason: PairingReason
        package var requestID: String
        package var deviceID: String
        package var role: Role
        package var scopes: [String]
        package var approvedRoles: [String]
        package var approvedScopes: [String]
        package var remedy: String

        package init(
            reason: PairingReason, requestID: String, deviceID: String, role: Role, scopes: [String],
            approvedRoles: [String], approvedScopes: [String], remedy: String
        ) {
            self.reason = reason
            self.requestID = requestID
            self.deviceID = deviceID
            self.role = role
            self.scopes = scopes
            self.approvedRoles = approvedRoles
            self.approvedScopes = approvedScopes
            self.remedy = remedy
        }
    }

    /// The close reason carries the token, not the sentence, so that the request id survives the 120-byte limit.
    package static func pairingRequired(_ context: PairingContext) -> ConnectRefusal {
        var details: [(String, JSON)] = [
            ("reason", .string(context.reason.rawValue)), ("requestId", .string(context.requestID)),
            ("remediationHint", .string(context.remedy)), ("deviceId", .string(context.deviceID)),
            ("requestedRole", .string(context.role.rawValue)),
        ]
        func list(_ name: String, _ values: [String]) {
            if !values.isEmpty { details.append((name, .array(values.map { .string($0) }))) }
        }
        list("requestedScopes", context.scopes)
        list("approvedRoles", context.approvedRoles)
        list("approvedScopes", context.approvedScopes)
        return refusal(
            .notPaired, .pairingRequired, context.reason.message, details, remedy: context.remedy,
            close: GatewayClose(.pairingRequired, "\(context.reason.rawValue) (requestId: \(context.requestID))"))
    }
}
