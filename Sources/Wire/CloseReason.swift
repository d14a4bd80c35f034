/// A WebSocket close of the gateway: code and reason as they travel.
package struct GatewayClose: Equatable, Sendable {
    package let code: UInt16
    /// At most 120 bytes of UTF-8, cut between scalars.
    package let reason: String

    package init(_ code: UInt16, _ reason: String) {
        self.code = code
        self.reason = GatewayClose.cut(reason, maxBytes: 120)
    }

    package static let handshakeTimeout = GatewayClose(1000, "")
    package static let protocolMismatch = GatewayClose(1002, "protocol mismatch")
    package static let invalidFrame = GatewayClose(1008, "invalid request frame")
    package static let firstRequestMustBeConnect = GatewayClose(
        1008, "invalid handshake: first request must be connect")
    package static let preauthPayloadTooLarge = GatewayClose(1009, "preauth payload too large")
    package static let slowConsumer = GatewayClose(1008, "slow consumer")
    package static let repeatedUnauthorizedCalls = GatewayClose(1008, "repeated unauthorized calls")
    /// A resumed connection takes the place of the one that its client has lost.
    package static let superseded = GatewayClose(1000, "resumed on another connection")
    package static let tooManyUnauthenticated = GatewayClose(1013, "too many unauthenticated sockets")
    /// What somebody was let in by could not be made durable.
    package static let storeUnavailable = GatewayClose(1013, "store unavailable")
    /// A worker that says nothing any more; it may come back.
    package static let workerSilent = GatewayClose(1013, "worker silent")
    package static let serviceRestart = GatewayClose(1012, "service restart")
    package static let deviceRemoved = GatewayClose(4001, "device removed")
    /// - Parameter reason: `device-token-rotated`, `device-token-revoked`.
    package static func clientInvalidated(_ reason: String) -> GatewayClose {
        GatewayClose(4001, "client invalidated: \(reason)")
    }
    package static let authChanged = GatewayClose(4001, "gateway auth changed")

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
