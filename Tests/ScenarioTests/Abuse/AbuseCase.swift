import JSON
import Testing

/// Something that no client should send, and what has to come of it.
struct AbuseCase: Sendable, CustomTestStringConvertible {
    /// How far the connection goes by the book before the abuse begins.
    enum Stage: Sendable {
        /// A socket on the TLS port.
        case tcp
        /// After the handshake; what is sent is HTTP.
        case tls
        /// After the handshake; what is sent goes to the socket beneath TLS.
        case beneathTLS
        /// A WebSocket on the echo path.
        case echo
        /// A WebSocket that has got its challenge.
        case challenged
        /// A WebSocket that was admitted.
        case admitted
    }

    enum Expected: Sendable {
        /// As many responses, the last with this status; `has` stands in what comes back.
        case http(Int, has: String = "", responses: Int = 1)
        /// A Close frame; its reason begins with the text.
        case close(Int, String = "")
        /// A fatal alert in clear, with one of these descriptions.
        case alert(Set<UInt8>)
        /// The connection ends, whatever comes before.
        case end
        /// The echo of a text message, after control frames.
        case echo(String)
        /// The admitted connection stays, and this text is in what is answered.
        case answer(String)
        /// Nothing is answered, and the connection stays.
        case nothing
    }

    let testDescription: String
    let stage: Stage
    let bytes: [UInt8]
    let expected: Expected
    /// The rule that has to be in the log.
    let rule: String?
    /// The peer sends no more after the bytes.
    let endsSending: Bool

    init(
        _ description: String, _ stage: Stage, _ bytes: [UInt8], _ expected: Expected, rule: String? = nil,
        endsSending: Bool = false
    ) {
        testDescription = description
        self.stage = stage
        self.bytes = bytes
        self.expected = expected
        self.rule = rule
        self.endsSending = endsSending
    }

    func run(against gateway: GatewayProcess) throws {
        switch stage {
        case .tcp: try check(RawConnection(port: gateway.port, pin: nil))
        case .tls, .beneathTLS: try check(RawConnection(port: gateway.port, pin: gateway.pin))
        case .echo: try check(gateway.webSocket(path: "/echo"))
        case .challenged: try check(gateway.webSocket())
        case .admitted:
            let socket = try gateway.webSocket()
            try socket.connect()
            try check(socket)
        }
    }

    // MARK: - Below WebSocket

    private func check(_ connection: RawConnection) throws {
        if stage == .beneathTLS {
            try connection.sendBeneath(bytes)
        } else {
            // Who is refused in the middle need not take the rest.
            try? connection.send(bytes)
        }
        if endsSending { connection.endSending() }
        var received: [UInt8] = []
        do {
            while let part = try connection.receive() { received += part }
        } catch {
            // An alert, or a reset after everything was said, is an end as well; silence is not.
            if error is Unexpected { throw error }
        }
        check(received)
    }

    private func check(_ received: [UInt8]) {
        let text = String(decoding: received, as: UTF8.self)
        switch expected {
        case .http(let status, let part, let responses):
            let heads = text.ranges(of: "HTTP/1.1 ").filter { text[$0.upperBound...].first?.isNumber == true }
            #expect(heads.count == responses, "\(text.prefix(2000))")
            guard let last = heads.last else { return }
            #expect(text[last.upperBound...].hasPrefix("\(status) "), "\(text.suffix(2000))")
            #expect(part.isEmpty || text.contains(part), "\(text.suffix(2000))")
            #expect(text.contains("Connection: close"), "\(text.suffix(2000))")
        case .alert(let descriptions):
            #expect(received.count == 7 && received[0] == 21 && received[5] == 2, "\(received.prefix(40))")
            #expect(received.last.map(descriptions.contains) == true, "\(received.prefix(40))")
        case .end: break
        case .close, .echo, .answer, .nothing: Issue.record("no expectation for this stage")
        }
    }

    // MARK: - WebSocket

    private func check(_ socket: RawWebSocket) throws {
        try? socket.send(bytes)
        if endsSending { socket.connection.endSending() }
        switch expected {
        case .close(let code, let reason):
            let close = try #require(try socket.awaitClose(), "a Close frame")
            #expect(close.closeCode == code, "\(close.closeReason)")
            #expect(close.closeReason.hasPrefix(reason), "\(close.closeReason)")
        case .end:
            while try socket.nextFrame() != nil {}
        case .echo(let text):
            var frame = try socket.nextFrame()
            while let next = frame, next.opcode > 7 { frame = try socket.nextFrame() }
            #expect(frame?.text == text)
        case .answer(let text):
            try socket.send(RawWebSocket.request("after", "health"))
            var answers: [String] = []
            while let frame = try socket.nextFrame(), !frame.text.contains(#""id":"after""#) {
                if answers.count < 8 { answers.append(frame.text) }
            }
            #expect(answers.contains { $0.contains(text) }, "\(answers)")
        case .nothing:
            try socket.send(RawWebSocket.request("after", "health"))
            #expect(try socket.awaitResponse(to: "after")?["ok"]?.bool == true)
        case .http, .alert: Issue.record("no expectation for this stage")
        }
    }
}
