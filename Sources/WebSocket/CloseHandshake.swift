/// The closing handshake of RFC 6455 §7, of one endpoint. The caller owns the socket, the deadline and the frames; this
/// decides who speaks next.
package struct CloseHandshake: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case open
        /// Our Close frame is on its way. `awaitsReply` is `false` when we failed the connection (§7.1.7): nothing
        /// the peer sends matters any more, and the transport goes as soon as our frame is written.
        case closeSent(awaitsReply: Bool)
        /// The peer's Close frame came first and our reply is on its way.
        case closeReceived
        case closed
    }

    package enum Action: Equatable, Sendable {
        /// Send a Close frame, then call ``CloseHandshake/closeFrameWritten()`` once it is with the kernel.
        case sendClose(code: CloseCode?, reason: String)
        case closeTransport
        /// A client leaves it to the server to close the TCP connection first (§7.1.1); the caller's deadline bounds it.
        case awaitTransportClose
    }

    private let endpoint: Endpoint
    package private(set) var state = State.open
    /// The code of the peer's Close frame: `.noStatusReceived` when it had none, `.abnormalClosure` when there was no
    /// such frame (RFC 6455 §7.1.5).
    package private(set) var receivedCode = CloseCode.abnormalClosure
    private var hasSentClose = false

    package init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// Whether data frames may still be sent.
    package var maySendData: Bool { state == .open }

    /// Whether both Close frames have been exchanged (RFC 6455 §7.1.4).
    package var wasClean: Bool { hasSentClose && receivedCode != .abnormalClosure }

    /// We want to end the connection. `nil` when its end is under way already.
    package mutating func start(code: CloseCode?, reason: String = "") -> Action? {
        guard state == .open else { return nil }
        state = .closeSent(awaitsReply: true)
        hasSentClose = true
        return .sendClose(code: code, reason: reason)
    }

    /// What was received breaks the protocol (RFC 6455 §7.1.7).
    package mutating func fail(_ error: WebSocketError, reason: String = "") -> Action? {
        switch state {
        case .open:
            state = .closeSent(awaitsReply: false)
            hasSentClose = true
            return .sendClose(code: error.closeCode, reason: reason)
        case .closeSent(awaitsReply: true):
            state = .closed
            return .closeTransport
        case .closeSent(awaitsReply: false), .closeReceived, .closed:
            return nil
        }
    }

    /// The peer's Close frame arrived. It is answered with its own code (RFC 6455 §5.5.1).
    package mutating func received(code: CloseCode?) -> Action? {
        switch state {
        case .open:
            receivedCode = code ?? .noStatusReceived
            state = .closeReceived
            hasSentClose = true
            return .sendClose(code: code, reason: "")
        case .closeSent(awaitsReply: true):
            receivedCode = code ?? .noStatusReceived
            state = .closed
            return endpoint == .server ? .closeTransport : .awaitTransportClose
        case .closeSent(awaitsReply: false), .closeReceived, .closed:
            return nil
        }
    }

    /// Our Close frame has been written out.
    package mutating func closeFrameWritten() -> Action? {
        switch state {
        case .closeReceived:
            state = .closed
            return endpoint == .server ? .closeTransport : .awaitTransportClose
        case .closeSent(awaitsReply: false):
            state = .closed
            return .closeTransport
        case .open, .closeSent(awaitsReply: true), .closed:
            return nil
        }
    }

    /// The caller's deadline for the handshake has passed.
    package mutating func timerFired() -> Action? {
        guard state != .open && state != .closed else { return nil }
        state = .closed
        return .closeTransport
    }

    /// The transport is gone, by whosever doing.
    package mutating func transportClosed() {
        state = .closed
    }
}
