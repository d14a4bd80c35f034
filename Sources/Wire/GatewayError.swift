package import JSON

/// The `error` object of a response. `message` is for people, `details.code` for programs.
package struct GatewayError: Error, Equatable, Sendable {
    package var code: ErrorCode
    package var message: String
    package var details: JSONObject
    package var retryable: Bool
    /// Milliseconds after which a retry makes sense.
    package var retryAfterMs: Int64?

    package init(
        _ code: ErrorCode, _ message: String, details: JSONObject = JSONObject(), retryable: Bool = false,
        retryAfterMs: Int64? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.retryable = retryable
        self.retryAfterMs = retryAfterMs
    }

    package static func unknownMethod(_ method: String) -> GatewayError {
        GatewayError(.invalidRequest, "unknown method: \(method)")
    }

    package static func invalidParams(_ method: String, _ why: String) -> GatewayError {
        GatewayError(.invalidRequest, "invalid \(method) params: \(why)")
    }

    package static func invalidFrame(_ why: String) -> GatewayError {
        GatewayError(.invalidRequest, "invalid request frame: \(why)")
    }

    package static func missingScope(_ scope: OperatorScope) -> GatewayError {
        GatewayError(
            .forbidden, "missing scope: \(scope.rawValue)",
            details: JSONObject([
                ("code", .string("MISSING_SCOPE")),
                ("missingScope", .string(scope.rawValue)),
                ("requiredScopes", .array([.string(scope.rawValue)])),
            ]))
    }

    package static func unauthorizedRole(_ role: Role) -> GatewayError {
        GatewayError(.invalidRequest, "unauthorized role: \(role.rawValue)")
    }

    package static func storeUnavailable(_ why: String) -> GatewayError {
        GatewayError(.unavailable, "the gateway's store refused the change: \(why)", retryable: true)
    }
}
