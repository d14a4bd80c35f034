internal import Crypto
internal import EventLoop
internal import JSON
internal import TLS
internal import WebSocket

extension GatewayClient {
    /// Dials, upgrades, answers the challenge and returns once the gateway said `hello-ok`.
    ///
    /// - Throws: ``ClientError/refused(_:closeCode:closeReason:)`` with the gateway's error and, when it came, its close
    ///   frame.
    package static func connect(_ options: ConnectOptions) throws(ClientError) -> GatewayClient {
        let endpoint = try GatewayEndpoint.parse(options.url)
        try options.plaintext.check(endpoint)
        if !endpoint.isTLS, case .pins = options.trust {
            throw .plaintextRefused("gateway tls fingerprint requires wss:// gateway url")
        }
        let deadline = Deadline(after: options.connectTimeout, interrupt: options.interrupt)
        let transport =
            if let path = options.socketPath {
                try Dialer.dial(unixSocket: path, until: deadline)
            } else {
                try Dialer(endpoint: endpoint, options: options, deadline: deadline).dial()
            }
        let received = try WebSocketHandshake.perform(
            on: transport, endpoint, userAgent: options.userAgent, until: deadline)
        let connection = MessageConnection(transport, received: received, maxMessageBytes: maxMessageBytes)
        let hello = try Introduction(connection, deadline).perform(options)
        return GatewayClient(connection, endpoint: endpoint, hello: hello, nextID: 2)
    }
}

/// From the challenge to `hello-ok` (OpenClaw gateway protocol, "Handshake").
private struct Introduction {
    private static let requestID = "1"
    /// How long a close frame may come after the error that announces it.
    private static let closePatience = Duration.seconds(1)

    private let connection: MessageConnection
    private let deadline: Deadline

    init(_ connection: MessageConnection, _ deadline: Deadline) {
        self.connection = connection
        self.deadline = deadline
    }

    func perform(_ options: ConnectOptions) throws(ClientError) -> JSON {
        let challenge = try receiveChallenge()
        let parameters = ConnectRequest.parameters(
            options, answering: challenge, instanceID: options.instanceId ?? SecureRandom.uuid())
        let frame = GatewayClient.frame(id: Self.requestID, method: "connect", params: parameters)
        connection.enqueue(.text, frame.span)
        connection.flush()
        let hello = try receiveAnswer()
        guard hello["type"]?.string == "hello-ok" else { throw abandon("the answer to connect is not hello-ok") }
        return hello
    }

    private func receiveChallenge() throws(ClientError) -> ConnectChallenge {
        while true {
            switch try receive("the connect challenge") {
            case .event("connect.challenge", let payload, _):
                guard let challenge = ConnectChallenge(payload) else {
                    connection.close(code: .policyViolation, reason: "connect challenge missing nonce")
                    throw .protocolViolation("connect challenge without a usable nonce and ts")
                }
                return challenge
            case .event:
                continue
            case .response(_, let result):
                // A gateway that has no time for us may say so instead.
                if case .failure(let body) = result { throw refusal(body) }
                throw abandon("a response before any request")
            }
        }
    }

    private func receiveAnswer() throws(ClientError) -> JSON {
        while true {
            guard case .response(Self.requestID, let result) = try receive("hello-ok") else { continue }
            switch result {
            case .success(let hello): return hello
            case .failure(let body): throw refusal(body)
            }
        }
    }

    private func receive(_ subject: String) throws(ClientError) -> Incoming {
        while true {
            if let message = try connection.next(), let incoming = Incoming(message.value) { return incoming }
            if let end = connection.end { throw .closed(code: end.code, reason: end.reason) }
            guard !deadline.isPast else {
                connection.close(code: .policyViolation, reason: "connect challenge timeout")
                throw deadline.timeout(waitingFor: subject)
            }
            connection.wait(until: deadline.instant, interrupt: deadline.interrupt)
            try deadline.checkInterrupt()
        }
    }

    /// Waits for the close frame that follows a refusal, because its reason belongs to it.
    private func refusal(_ body: GatewayErrorBody) -> ClientError {
        let patience = Deadline(after: Self.closePatience)
        while connection.end == nil, !patience.isPast {
            do throws(ClientError) {
                while !patience.isPast, try connection.next() != nil {}
            } catch {
                break
            }
            connection.wait(until: patience.instant)
        }
        guard let end = connection.end, end.code != CloseCode.abnormalClosure.rawValue else {
            connection.close(code: .policyViolation, reason: "connect failed")
            return .refused(body, closeCode: nil, closeReason: nil)
        }
        return .refused(body, closeCode: end.code, closeReason: end.reason)
    }

    private func abandon(_ what: String) -> ClientError {
        connection.close(code: .policyViolation, reason: "connect failed")
        return .protocolViolation(what)
    }
}
