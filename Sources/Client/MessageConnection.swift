internal import Crypto
internal import EventLoop
internal import JSON
internal import WebSocket

/// The client's end of a WebSocket that carries JSON messages. Never waits, except in ``wait(until:)``.
internal final class MessageConnection {
    internal struct Message {
        internal let value: JSON
        internal let wireBytes: Int
    }

    internal struct End: Equatable {
        internal let code: UInt16
        internal let reason: String
    }

    private static let readBytes = 65_536
    /// A queue that grew beyond this is given back once it is empty.
    private static let maxRetainedBytes = 1 << 20
    /// So that a peer that never pauses cannot hold a caller for ever.
    private static let maxReadsPerCall = 64
    /// Pings beyond this go unanswered until the peer has read the answers to the earlier ones.
    private static let maxQueuedPongs = 64

    internal let transport: Transport
    private var decoder: MessageDecoder
    private var closing = CloseHandshake(endpoint: .client)
    private var scratch = [UInt8](repeating: 0, count: readBytes)
    private var received: [UInt8]
    /// How much of `received` has been decoded.
    private var decodedCount = 0
    private var outgoing: [UInt8] = []
    private var sentCount = 0
    private var queuedPongs = 0

    /// Why no more messages will come.
    internal private(set) var end: End?
    /// Whether the last call of ``next()`` found everything decoded and the socket empty.
    internal private(set) var isDrained = false
    /// When bytes last arrived.
    internal private(set) var lastReceived = MonotonicInstant.now()
    /// Messages that were not JSON.
    internal private(set) var unreadableMessages = 0

    /// - Parameter received: What came after the head of the answer to the upgrade.
    internal init(_ transport: Transport, received: [UInt8], maxMessageBytes: Int) {
        self.transport = transport
        self.received = received
        decoder = MessageDecoder(endpoint: .client, maxMessageBytes: maxMessageBytes)
    }

    internal var queuedBytes: Int { outgoing.count - sentCount }
    internal var wantsWrite: Bool { transport.interest(wantsToWrite: queuedBytes > 0).contains(.write) }

    // MARK: Sending

    internal func enqueue(_ opcode: Opcode, _ payload: Span<UInt8>) {
        guard closing.maySendData else { return }
        FrameEncoder.append(to: &outgoing, opcode: opcode, payload: payload, maskingKey: Self.maskingKey())
    }

    /// Writes what the socket takes.
    internal func flush() {
        while sentCount < outgoing.count {
            let count = transport.send(outgoing.span.extracting(sentCount...))
            if count == 0 { break }
            sentCount += count
        }
        if sentCount == outgoing.count {
            outgoing.removeAll(keepingCapacity: outgoing.capacity <= Self.maxRetainedBytes)
            sentCount = 0
            queuedPongs = 0
            if let action = closing.closeFrameWritten() { perform(action) }
        } else if sentCount > Self.maxRetainedBytes, sentCount > outgoing.count / 2 {
            outgoing.removeFirst(sentCount)
            sentCount = 0
        }
    }

    /// Begins the closing handshake. Nothing can be sent afterwards.
    internal func close(code: CloseCode, reason: String) {
        if let action = closing.start(code: code, reason: reason) { perform(action) }
        flush()
    }

    /// Ends the connection whether the closing handshake is over or not.
    internal func abandon() {
        closing.transportClosed()
        transport.shutdown()
        if end == nil { end = End(code: CloseCode.abnormalClosure.rawValue, reason: "") }
    }

    // MARK: Receiving

    /// The next message that has arrived; `nil` when there is none yet (see ``isDrained``), or after the end.
    internal func next() throws(ClientError) -> Message? {
        isDrained = false
        for _ in 0..<Self.maxReadsPerCall {
            if let message = try decodeNext() { return message }
            guard end == nil, try readOnce() else {
                isDrained = true
                return nil
            }
        }
        return nil
    }

    /// Waits until there may be something to read, writing meanwhile what is queued.
    /// - Parameter interrupt: Ends the wait too, by becoming readable.
    internal func wait(until deadline: MonotonicInstant, interrupt: Int32? = nil) {
        guard end == nil else { return }
        if isDrained, !transport.hasPendingBytes {
            let interest = transport.interest(wantsToWrite: queuedBytes > 0)
            _ = Polling.wait(transport.descriptor, for: interest, until: deadline, interrupt: interrupt)
        }
        flush()
    }

    /// - Returns: whether anything new is to be decoded.
    private func readOnce() throws(ClientError) -> Bool {
        switch try transport.receive(into: &scratch) {
        case .bytes(let count):
            lastReceived = .now()
            received.append(contentsOf: scratch[..<count])
            return true
        case .wouldBlock:
            return false
        case .ended(let reason):
            closing.transportClosed()
            end = End(code: CloseCode.abnormalClosure.rawValue, reason: reason)
            return false
        }
    }

    private func decodeNext() throws(ClientError) -> Message? {
        guard end == nil else { return nil }
        do throws(WebSocketError) {
            while let event = try decodeEvent() {
                if let message = handle(event) { return message }
                if end != nil { return nil }
            }
            received.removeFirst(decodedCount)
            decodedCount = 0
        } catch {
            if let action = closing.fail(error) { perform(action) }
            flush()
            received = []
            decodedCount = 0
            end = End(code: error.closeCode.rawValue, reason: "")
            throw .protocolViolation("\(error)")
        }
        return nil
    }

    private func decodeEvent() throws(WebSocketError) -> MessageDecoder.Event? {
        var span = received.mutableSpan
        return try decoder.next(in: &span, at: &decodedCount)
    }

    private func handle(_ event: MessageDecoder.Event) -> Message? {
        switch event {
        case .message(_, .inPlace(let range)):
            return parse(received, range)
        case .message(_, .assembled):
            let payload = decoder.takeAssembled()
            return parse(payload, payload.indices)
        case .ping(let range):
            guard queuedPongs < Self.maxQueuedPongs else { break }
            queuedPongs += 1
            let payload = Array(received[range])
            enqueue(.pong, payload.span)
            flush()
        case .pong:
            break
        case .close(let code, let reason):
            end = End(code: (code ?? .noStatusReceived).rawValue, reason: reason)
            if let action = closing.received(code: code) { perform(action) }
            flush()
        }
        return nil
    }

    /// A message that is not JSON is dropped and counted, as the gateway does with ours.
    private func parse(_ bytes: [UInt8], _ range: Range<Int>) -> Message? {
        guard let value = try? JSONParser.parse(bytes.span.extracting(range)) else {
            unreadableMessages += 1
            return nil
        }
        return Message(value: value, wireBytes: range.count)
    }

    private func perform(_ action: CloseHandshake.Action) {
        switch action {
        case .sendClose(let code, let reason):
            FrameEncoder.appendClose(to: &outgoing, code: code, reason: reason, maskingKey: Self.maskingKey())
        case .closeTransport, .awaitTransportClose:
            transport.shutdown()
        }
    }

    private static func maskingKey() -> UInt32 {
        SecureRandom.bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
