/// A WebSocket close of the gateway: code and reason as they travel.
package struct GatewayClose: Equatable, Sendable {
    package let code: UInt16
    /// At most 120 bytes of UTF-8, cut between scalars.
    package let reason: String

    package init(_ code: UInt16, _ reason: String) {
        self.code = code
        self.reason = GatewayClose.cut(reason, maxBytes: 120)
    }

    /// - Parameter detail: of the case; follows the reason and a colon.
    init(_ reason: CloseReason, _ detail: String? = nil) {
        self.init(reason.code, reason.onTheWire + (detail.map { ": \($0)" } ?? ""))
    }

    package static let handshakeTimeout = GatewayClose(.handshakeTimeout)
    package static let protocolMismatch = GatewayClose(.protocolMismatch)
    package static let invalidFrame = GatewayClose(.invalidFrame)
    package static let firstRequestMustBeConnect = GatewayClose(.firstRequestMustBeConnect)
    package static let preauthPayloadTooLarge = GatewayClose(.preauthPayloadTooLarge)
    package static let slowConsumer = GatewayClose(.slowConsumer)
    package static let repeatedUnauthorizedCalls = GatewayClose(.repeatedUnauthorizedCalls)
    package static let superseded = GatewayClose(.superseded)
    package static let tooManyUnauthenticated = GatewayClose(.tooManyUnauthenticated)
    package static let storeUnavailable = GatewayClose(.storeUnavailable)
    package static let workerSilent = GatewayClose(.workerSilent)
    package static let serviceRestart = GatewayClose(.serviceRestart)
    package static let deviceRemoved = GatewayClose(.deviceRemoved)
    /// - Parameter reason: `device-token-rotated`, `device-token-revoked`, `run-ended`.
    package static func clientInvalidated(_ reason: String) -> GatewayClose { GatewayClose(.clientInvalidated, reason) }
    package static let authChanged = GatewayClose(.authChanged)

    private static func cut(_ text: String, maxBytes: Int) -> String {
        guard text.utf8.count > maxBytes else { return text }
        var kept = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += UTF8.width(scalar)
            if used > maxBytes { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
