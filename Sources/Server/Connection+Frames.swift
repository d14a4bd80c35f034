internal import Gateway
internal import WebSocket
internal import Wire

extension Connection {
    /// Takes one frame or message.
    /// - Returns: false when more bytes are needed.
    func processFrame(_ bytes: inout MutableSpan<UInt8>, _ offset: inout Int) -> Bool {
        do throws(WebSocketError) {
            guard let event = try decoder.next(in: &bytes, at: &offset) else { return false }
            switch event {
            case .message(let opcode, .inPlace(let range)):
                handle(opcode, bytes.span.extracting(range))
            case .message(let opcode, .assembled):
                let payload = decoder.takeAssembled()
                handle(opcode, payload.span)
            case .ping(let range):
                if closeHandshake.maySendData { queueFrame(.pong, bytes.span.extracting(range)) }
            case .pong:
                liveness.heardPong()
            case .close(let code, _):
                if let action = closeHandshake.received(code: code) { perform(action) }
            }
        } catch {
            protocolFailed(error)
            offset = bytes.count
        }
        return true
    }

    private var isEcho: Bool { phase == .echo }

    private func protocolFailed(_ error: WebSocketError) {
        var reason = ""
        if case .messageTooBig = error {
            switch phase {
            case .awaitingConnect, .deciding: reason = GatewayClose.preauthPayloadTooLarge.reason
            default: break
            }
        }
        // Debian's Caddy 2.6 sends one when it reloads: the end of the connection, but nobody's attack.
        // And what follows our own Close frame concerns nobody.
        if error != .unmaskedClose, closeHandshake.maySendData {
            note(
                error.refusal(isAdmitted: isAdmitted), "code=\(error.closeCode.rawValue)", subsystem: "ws")
        }
        if let action = closeHandshake.fail(error, reason: reason) { perform(action) }
    }

    private var isAdmitted: Bool {
        switch phase {
        case .open, .echo: true
        default: false
        }
    }

    private func handle(_ opcode: Opcode, _ payload: Span<UInt8>) {
        // The protocol is text; upstream takes it in binary messages too, and there nobody has checked its encoding.
        if opcode == .binary, !isEcho, (try? UTF8Span(validating: payload)) == nil {
            protocolFailed(.invalidUTF8)
            return
        }
        switch phase {
        case .echo: queueFrame(opcode, payload)
        case .awaitingConnect: handleConnect(payload, nonce: arriving?.nonce ?? "")
        case .open: handleRequest(payload)
        case .proxyHeader, .tlsHandshake, .http, .serving, .deciding, .closing, .lingering, .closed: break
        }
    }
}
