internal import Errors
package import JSON

/// The `error` object of a response. `message` is for people, `details.code` for programs.
package struct GatewayError: Error, Equatable, Sendable {
    package var code: ErrorCode
    package var message: String
    package var details: JSONObject
    package var retryable: Bool
    /// Milliseconds after which a retry makes sense.
    package var retryAfterMs: Int64?

    /// - Parameters:
    ///   - entry: what the catalogue calls it; with it go `details.code` and `details.remediationHint`.
    ///   - message: nil for the catalogue's sentence; else one with the facts of the case.
    ///   - remedy: nil for the catalogue's.
    package init(
        _ code: ErrorCode, _ entry: DetailsCode, _ message: String? = nil, remedy: String? = nil,
        details: JSONObject = JSONObject(), retryable: Bool = false, retryAfterMs: Int64? = nil
    ) {
        self.init(
            code, message ?? entry.text.sentence, details: Self.details(entry, details, remedy ?? entry.text.remedy),
            retryable: retryable, retryAfterMs: retryAfterMs)
    }

    /// For refusals of `connect`, whose details are in OpenClaw's order.
    init(
        _ code: ErrorCode, _ message: String, details: JSONObject, retryable: Bool = false, retryAfterMs: Int64? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.retryable = retryable
        self.retryAfterMs = retryAfterMs
    }

    private static func details(_ entry: DetailsCode, _ more: JSONObject, _ remedy: String) -> JSONObject {
        var details = JSONObject([("code", .string(entry.rawValue))])
        for (name, value) in more.members { details[name] = value }
        details["remediationHint"] = .string(remedy)
        return details
    }

    package static func unknownMethod(_ method: String) -> GatewayError {
        GatewayError(.invalidRequest, .unknownMethod, "unknown method: \(method)")
    }

    package static func invalidParams(_ method: String, _ why: String) -> GatewayError {
        GatewayError(.invalidRequest, .invalidParams, "invalid \(method) params: \(why)")
    }

    package static func invalidFrame(_ why: String) -> GatewayError {
        GatewayError(.invalidRequest, .invalidFrame, "invalid request frame: \(why)")
    }

    package static func missingScope(_ scope: OperatorScope) -> GatewayError {
        GatewayError(
            .forbidden, .missingScope, "missing scope: \(scope.rawValue)",
            details: JSONObject([
                ("missingScope", .string(scope.rawValue)), ("requiredScopes", .array([.string(scope.rawValue)])),
            ]))
    }

    package static func unauthorizedRole(_ role: Role) -> GatewayError {
        GatewayError(.invalidRequest, .unauthorizedRole, "unauthorized role: \(role.rawValue)")
    }

    package static func storeUnavailable(_ why: String) -> GatewayError {
        GatewayError(
            .unavailable, .storeUnavailable, "the gateway's store refused the change: \(why)", retryable: true)
    }
}
