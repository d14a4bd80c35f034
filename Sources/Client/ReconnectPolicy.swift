internal import JSON
internal import TLS

/// When to dial again after a failure, and when to leave that to the user (OpenClaw gateway protocol, "What the
/// reference client does with failures").
package struct ReconnectPolicy: Equatable, Sendable {
    package enum Decision: Equatable, Sendable {
        case retry(after: Duration)
        /// Dial again with the stored device token in place of the shared one.
        case retryWithDeviceToken(after: Duration)
        /// Repeating will not help until somebody does something.
        case stop
    }

    private static let terminalCodes: Set<String> = [
        "AUTH_TOKEN_MISSING", "AUTH_TOKEN_MISMATCH", "AUTH_PASSWORD_MISSING", "AUTH_PASSWORD_MISMATCH",
        "AUTH_BOOTSTRAP_TOKEN_INVALID", "AUTH_RATE_LIMITED", "AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_SCOPE_MISMATCH",
        "CONTROL_UI_DEVICE_IDENTITY_REQUIRED", "DEVICE_IDENTITY_REQUIRED", "CLIENT_VERSION_MISMATCH",
        "SPAWN_GRANT_REFUSED",
    ]
    private static let deviceTokenDelay = Duration.milliseconds(250)
    private static let startupDelays = Duration.milliseconds(100)...Duration.seconds(2)
    /// Nobody may send a client to sleep for longer.
    private static let maxRequestedDelay = Duration.seconds(300)

    private let initialDelay: Duration
    private let maxDelay: Duration
    private var nextDelay: Duration
    private var hasTriedDeviceToken = false

    package init(initialDelay: Duration = .seconds(1), maxDelay: Duration = .seconds(30)) {
        self.initialDelay = initialDelay
        self.maxDelay = max(initialDelay, maxDelay)
        nextDelay = initialDelay
    }

    /// A `hello-ok` arrived: the next failure starts from the beginning.
    package mutating func connected() {
        nextDelay = initialDelay
        hasTriedDeviceToken = false
    }

    /// - Parameters:
    ///   - hasDeviceToken: A device token is stored, was not used for this attempt, and may be given to this endpoint:
    ///     loopback, or `wss` with a pin.
    ///   - generator: For the jitter, which keeps a crowd of clients from coming back in step.
    package mutating func failed(
        _ error: ClientError, hasDeviceToken: Bool = false, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        if case .refused(let body, _, _) = error, body.detailsCode == "AUTH_TOKEN_MISMATCH", hasDeviceToken,
            !hasTriedDeviceToken
        {
            hasTriedDeviceToken = true
            return .retryWithDeviceToken(after: Self.deviceTokenDelay)
        }
        if Self.isTerminal(error) { return .stop }
        let base = nextDelay
        nextDelay = min(base * 2, maxDelay)
        if let requested = Self.requestedDelay(error) { return .retry(after: requested) }
        let jitter = Int64.random(in: 500...1000, using: &generator)
        return .retry(after: base * jitter / 1000)
    }

    private static func isTerminal(_ error: ClientError) -> Bool {
        switch error {
        case .refused(let body, _, let reason): isTerminal(body, closeReason: reason ?? "")
        case .closed(1008, let reason): PairingText.isPairingRequired(reason)
        case .tls(.pinMismatch), .tls(.certificateUntrusted), .tls(.invalidName), .tls(.authoritiesUnreadable),
            .tls(.clientCertificateRefused):
            true
        case .proxyRefused(_, 407, _), .proxyUnusable: true
        case .invalidURL, .plaintextRefused, .messageTooLarge: true
        case .closed, .interrupted, .proxyRefused, .timeout, .tls, .unreachable, .upgradeRefused, .protocolViolation,
            .sendQueueFull:
            false
        }
    }

    private static func isTerminal(_ body: GatewayErrorBody, closeReason: String) -> Bool {
        guard let code = body.detailsCode else {
            return [body.message, closeReason].contains(where: PairingText.isPairingRequired)
        }
        guard code == "PAIRING_REQUIRED" else { return terminalCodes.contains(code) }
        return body.details["pauseReconnect"]?.bool != false
            && body.details["recommendedNextStep"]?.string != "wait_then_retry"
    }

    private static func requestedDelay(_ error: ClientError) -> Duration? {
        guard let body = error.body, let milliseconds = body.retryAfterMs, milliseconds >= 0 else { return nil }
        let requested = min(Duration.milliseconds(milliseconds), maxRequestedDelay)
        guard body.details["reason"]?.string == "startup-sidecars" else { return requested }
        return min(max(requested, startupDelays.lowerBound), startupDelays.upperBound)
    }
}
