package import Errors

/// Why the gateway closes a connection, as the reason of the Close frame begins.
package enum CloseReason: String, CaseIterable, Sendable {
    /// Nothing on the wire, as upstream.
    case handshakeTimeout = "handshake timeout"
    case protocolMismatch = "protocol mismatch"
    case invalidFrame = "invalid request frame"
    case firstRequestMustBeConnect = "invalid handshake: first request must be connect"
    case preauthPayloadTooLarge = "preauth payload too large"
    case slowConsumer = "slow consumer"
    case repeatedUnauthorizedCalls = "repeated unauthorized calls"
    /// A resumed connection takes the place of the one that its client has lost.
    case superseded = "resumed on another connection"
    case tooManyUnauthenticated = "too many unauthenticated sockets"
    /// What somebody was let in by could not be made durable.
    case storeUnavailable = "store unavailable"
    /// A worker that says nothing any more; it may come back.
    case workerSilent = "worker silent"
    case serviceRestart = "service restart"
    case deviceRemoved = "device removed"
    case clientInvalidated = "client invalidated"
    case authChanged = "gateway auth changed"
    case pairingRequired = "pairing required"
    case spawnGrantRefused = "spawn grant refused"
    case unauthorized

    /// Of the Close frame.
    package var code: UInt16 {
        switch self {
        case .handshakeTimeout, .superseded: 1000
        case .protocolMismatch: 1002
        case .preauthPayloadTooLarge: 1009
        case .serviceRestart: 1012
        case .tooManyUnauthenticated, .storeUnavailable, .workerSilent: 1013
        case .deviceRemoved, .clientInvalidated, .authChanged: 4001
        case .invalidFrame, .firstRequestMustBeConnect, .slowConsumer, .repeatedUnauthorizedCalls, .pairingRequired,
            .spawnGrantRefused, .unauthorized:
            1008
        }
    }

    var onTheWire: String { self == .handshakeTimeout ? "" : rawValue }
}

extension CloseReason: Catalogued {
    package static let family = ErrorFamily.close

    package var text: ErrorText {
        switch self {
        case .handshakeTimeout:
            ErrorText(
                "TLS, HTTP and connect took too long", rule: "they have gateway.handshakeTimeoutMs together",
                remedy: "send connect as soon as connect.challenge comes; gateway.handshakeTimeoutMs is the time for it"
            )
        case .protocolMismatch: DetailsCode.protocolMismatch.text
        case .invalidFrame: DetailsCode.invalidFrame.text
        case .firstRequestMustBeConnect: DetailsCode.firstRequestNotConnect.text
        case .preauthPayloadTooLarge:
            ErrorText(
                "the first message is too long", rule: "connect has at most 64 KiB", remedy: "send connect alone first")
        case .slowConsumer:
            ErrorText(
                "the client does not read what is sent to it", rule: "what waits for a client is bounded",
                remedy: "read all the time; hello-ok announces the limit as policy.maxBufferedBytes")
        case .repeatedUnauthorizedCalls:
            ErrorText(
                "the client kept calling what it may not", rule: "ten calls without the scope for them are answered",
                remedy: "ask for the scope in connect, and approve it: sallyport devices list")
        case .superseded:
            ErrorText(
                "the client has come back on another connection", rule: "a connection is resumed once",
                remedy: "nothing is to be done: go on with the newer one")
        case .tooManyUnauthenticated:
            ErrorText(
                "too many connections of this client wait for admission", rule: "few may wait at a time",
                remedy: "connect with fewer at a time, and send connect at once")
        case .storeUnavailable: DetailsCode.storeUnavailable.text
        case .workerSilent:
            ErrorText(
                "the worker has said nothing for long",
                rule: "a worker speaks within agents.defaults.subagents.workerLeaseMs",
                remedy: "let it dial again; look for a host that sleeps, or a network that drops")
        case .serviceRestart:
            ErrorText(
                "the gateway stops or restarts", rule: "a gateway that goes says so",
                remedy: "connect again in a moment; see: sallyport gateway status")
        case .deviceRemoved:
            ErrorText(
                "the device was removed or revoked, or its run has ended", rule: "trust ends at once",
                remedy: "pair again, or spawn again from a live session")
        case .clientInvalidated:
            ErrorText(
                "what the client was let in by has ended; the word that follows says what", rule: "trust ends at once",
                remedy: "connect with the device's new token; a run that ended is spawned again")
        case .authChanged:
            ErrorText(
                "the secret that the client was let in by has changed", rule: "a changed secret holds at once",
                remedy: "connect again with the new gateway.auth.token or gateway.auth.password")
        case .pairingRequired: DetailsCode.pairingRequired.text
        case .spawnGrantRefused: DetailsCode.spawnGrantRefused.text
        case .unauthorized:
            ErrorText(
                "no credential was accepted; what follows says why", rule: "a client proves who it is",
                remedy: "details.authReason of the answer has a remedy of its own: sallyport explain error REASON")
        }
    }
}
