package import EventLoop
package import JSON
internal import WebSocket

/// One connection to a gateway, for one thread: the command line, a worker, a test.
///
/// Blocking calls wait on the calling thread. An owner with a poll loop of its own watches ``descriptor`` for reading,
/// and for writing while ``wantsWrite``, and calls ``flush()``, ``nextMessage(timeout:)`` with a timeout of zero until
/// it returns `nil`, and ``keepAlive(now:)``; before it waits it looks at ``hasBufferedInput``.
package final class GatewayClient {
    /// Both directions, as OpenClaw (25 MiB).
    package static let maxMessageBytes = 25 << 20
    /// What may wait for a peer that does not read (50 MiB).
    package static let maxQueuedBytes = 50 << 20
    private static let closePatience = Duration.milliseconds(500)
    private static let maxMessagesPerCall = 1024

    package let endpoint: GatewayEndpoint
    /// The payload of `hello-ok`.
    package let hello: JSON

    private let connection: MessageConnection
    private var queue = IncomingQueue()
    private var life: KeepAlive
    /// What ``life`` has been told.
    private var lastNoted = MonotonicInstant.now()
    private var nextID: UInt64
    private var awaited: (id: String, result: Result<JSON, GatewayErrorBody>?)?
    private var failure: ClientError?

    internal init(_ connection: MessageConnection, endpoint: GatewayEndpoint, hello: JSON, nextID: UInt64) {
        self.connection = connection
        self.endpoint = endpoint
        self.hello = hello
        self.nextID = nextID
        life = KeepAlive(now: .now())
    }

    /// The certificates that the gateway has shown, its own first, in PEM; nil without TLS.
    package var gatewayCertificatesPEM: String? { connection.transport.peerCertificatesPEM }

    // MARK: What hello-ok says

    package var connectionID: String? { hello["server"]?["connId"]?.string }
    package var grantedScopes: [String] { hello["auth"]?["scopes"]?.array?.compactMap(\.string) ?? [] }
    /// To be stored for this gateway, device and role.
    package var issuedDeviceToken: String? { hello["auth"]?["deviceToken"]?.string }

    /// The largest message the gateway takes.
    package var maxOutgoingBytes: Int {
        let announced = hello["policy"]?["maxPayload"]?.integer ?? Int64(Self.maxMessageBytes)
        return Int(clamping: min(max(announced, 1), Int64(Self.maxQueuedBytes)))
    }

    // MARK: For the owner's poll loop

    package var descriptor: Int32 { connection.transport.descriptor }
    package var wantsWrite: Bool { connection.wantsWrite }
    /// Whether ``nextMessage(timeout:)`` may have something that the descriptor's readiness does not tell of.
    package var hasBufferedInput: Bool {
        !queue.isEmpty || endOfConnection != nil || !connection.isDrained || connection.transport.hasPendingBytes
    }
    /// Events that were dropped because nobody took them.
    package var droppedMessageCount: Int { queue.droppedCount }
    /// Messages that were not JSON.
    package var unreadableMessageCount: Int { connection.unreadableMessages }

    /// Writes what the socket takes of the queued output.
    package func flush() {
        connection.flush()
    }

    /// Takes what has arrived into the queue, without waiting.
    ///
    /// - Throws: Nothing while messages are queued; the end of the connection comes after them.
    package func receiveAvailable() throws(ClientError) {
        receive()
        if queue.isEmpty, let failure = endOfConnection { throw failure }
    }

    /// Pings an idle gateway, and gives up on one that stays silent (RFC 6455 §5.5.2). The waiting calls do this by
    /// themselves.
    ///
    /// - Returns: When to call again at the latest.
    @discardableResult
    package func keepAlive(now: MonotonicInstant) throws(ClientError) -> MonotonicInstant {
        noteLife()
        switch life.timerFired(now: now) {
        case .ping:
            let empty: [UInt8] = []
            connection.enqueue(.ping, empty.span)
            connection.flush()
        case .giveUp:
            connection.close(code: .goingAway, reason: "ping timeout")
            let error = ClientError.timeout(
                waitingFor: "the answer to a ping", milliseconds: life.timeout.saturatingMilliseconds)
            failure = error
            throw error
        case nil:
            break
        }
        return life.deadline
    }

    // MARK: Requests

    /// Sends a request without waiting, for its response to come out of ``nextMessage(timeout:)``.
    ///
    /// - Returns: The id that the response will carry.
    /// - Throws: ``ClientError/sendQueueFull(limit:)``; nothing is sent then.
    @discardableResult
    package func send(_ method: String, _ params: JSON? = nil) throws(ClientError) -> String {
        let id = String(nextID)
        let frame = Self.frame(id: id, method: method, params: params)
        try checkSize(frame)
        if let failure = endOfConnection { throw failure }
        guard connection.queuedBytes + frame.count <= Self.maxQueuedBytes
        else { throw .sendQueueFull(limit: Self.maxQueuedBytes) }
        nextID += 1
        connection.enqueue(.text, frame.span)
        connection.flush()
        return id
    }

    /// Sends a request and waits for its first response; everything else that arrives is queued for
    /// ``nextMessage(timeout:)``, as is a response that comes after the timeout.
    ///
    /// - Parameter interrupt: Ends the wait with ``ClientError/interrupted`` by becoming readable.
    /// - Throws: ``ClientError/refused(_:closeCode:closeReason:)`` without a close code when the gateway answers with an
    ///   error; the connection lives on then, after a timeout and after an interruption.
    package func request(
        _ method: String, _ params: JSON? = nil, timeout: Duration = .seconds(30), interrupt: Int32? = nil
    ) throws(ClientError) -> JSON {
        let deadline = Deadline(after: timeout, interrupt: interrupt)
        let id = try sendWaitingForRoom(method, params, until: deadline)
        awaited = (id, nil)
        defer { awaited = nil }
        while true {
            receive()
            switch awaited?.result {
            case .success(let payload): return payload
            case .failure(let body): throw .refused(body, closeCode: nil, closeReason: nil)
            case nil: break
            }
            if let failure = endOfConnection { throw failure }
            guard !deadline.isPast else { throw deadline.timeout(waitingFor: method) }
            try deadline.checkInterrupt()
            try wait(until: deadline.instant, interrupt: interrupt)
        }
    }

    /// The oldest queued message, or the next one to arrive within `timeout`.
    ///
    /// - Throws: Why the connection ended, after all messages before the end have been taken.
    package func nextMessage(timeout: Duration) throws(ClientError) -> Incoming? {
        if let message = queue.popFirst() { return message }
        let deadline = Deadline(after: timeout)
        while true {
            receive()
            if let message = queue.popFirst() { return message }
            if let failure = endOfConnection { throw failure }
            guard !deadline.isPast else { return nil }
            try wait(until: deadline.instant)
        }
    }

    /// Sends what is queued and a close frame, and waits half a second at most for the gateway's own. Messages that
    /// arrive meanwhile are discarded. The descriptor is closed when the client is released. Everything throws ``ClientError/closed(code:reason:)`` afterwards.
    package func close(code: UInt16 = 1000, reason: String = "") {
        let closeCode = CloseCode(rawValue: code)
        connection.close(code: closeCode.isValidOnWire ? closeCode : .normalClosure, reason: reason)
        let deadline = Deadline(after: Self.closePatience)
        while connection.end == nil, !deadline.isPast {
            connection.wait(until: deadline.instant)
            do throws(ClientError) {
                while !deadline.isPast, try connection.next() != nil {}
            } catch {
                break
            }
        }
        connection.abandon()
        if failure == nil { failure = .closed(code: code, reason: reason) }
    }

    // MARK: Inside

    private var endOfConnection: ClientError? {
        failure ?? connection.end.map { .closed(code: $0.code, reason: $0.reason) }
    }

    private func wait(until deadline: MonotonicInstant, interrupt: Int32? = nil) throws(ClientError) {
        let next = try keepAlive(now: .now())
        connection.wait(until: min(deadline, next), interrupt: interrupt)
    }

    private func noteLife() {
        guard connection.lastReceived > lastNoted else { return }
        lastNoted = connection.lastReceived
        life.received(now: lastNoted)
    }

    private func receive() {
        guard failure == nil else { return }
        do throws(ClientError) {
            for _ in 0..<Self.maxMessagesPerCall {
                guard let message = try connection.next() else { return }
                guard let incoming = Incoming(message.value) else { continue }
                if case .response(let id, let result) = incoming, let awaited, awaited.id == id, awaited.result == nil {
                    self.awaited = (id, result)
                    // What follows may be a burst; the caller has what it came for.
                    return
                }
                queue.append(incoming, wireBytes: message.wireBytes)
            }
        } catch {
            failure = error
        }
    }

    private func sendWaitingForRoom(
        _ method: String, _ params: JSON?, until deadline: Deadline
    ) throws(ClientError) -> String {
        while true {
            do throws(ClientError) {
                return try send(method, params)
            } catch .sendQueueFull(let limit) {
                guard !deadline.isPast else { throw .sendQueueFull(limit: limit) }
            }
            receive()
            try wait(until: deadline.instant)
        }
    }

    private func checkSize(_ frame: [UInt8]) throws(ClientError) {
        guard frame.count <= maxOutgoingBytes
        else { throw .messageTooLarge(bytes: frame.count, limit: maxOutgoingBytes) }
    }

    internal static func frame(id: String, method: String, params: JSON?) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.field("type", "req")
        writer.field("id", id)
        writer.field("method", method)
        writer.optionalField("params", params)
        writer.endObject()
        return writer.take()
    }
}
