/// The receive side of one endpoint: bytes in, messages and control frames out (RFC 6455 §5, §6.2, §8.1).
///
/// A data frame that lies wholly in the caller's buffer is unmasked where it is and handed out as a range of that
/// buffer. Anything else is assembled here as it arrives, so memory grows with what was received and never with what
/// a header announces. Compressed messages are inflated as they arrive, up to the limit for messages and one octet.
package struct MessageDecoder: ~Copyable, Sendable {
    package enum Event: Equatable, Sendable {
        /// `opcode` is `.text` (its payload is valid UTF-8) or `.binary`.
        case message(opcode: Opcode, Payload)
        /// The payload's place in the caller's buffer; to be sent back in a Pong.
        case ping(Range<Int>)
        case pong(Range<Int>)
        /// `code` is `nil` when the Close frame had no payload. Everything after it is discarded (RFC 6455 §1.4).
        case close(code: CloseCode?, reason: String)
    }

    package enum Payload: Equatable, Sendable {
        /// Unmasked where it lies in the caller's buffer.
        case inPlace(Range<Int>)
        /// Came in several frames or reads, or compressed: see ``MessageDecoder/assembledPayload`` until the next call of `next`.
        case assembled
    }

    private enum State: Equatable, Sendable {
        case betweenFrames
        case inFrame(PartialFrame)
        case closed
        case failed(WebSocketError)
    }

    /// A data frame whose header has been taken.
    private struct PartialFrame: Equatable, Sendable {
        var fin: Bool
        var maskingKey: UInt32?
        /// Payload octets taken so far; their low two bits are the phase of the mask.
        var taken = 0
        var remaining: Int
    }

    /// A buffer that grew beyond this is given back as soon as its message has been handed out.
    private static let maxRetainedBytes = 65_536

    private let endpoint: Endpoint
    /// The largest message accepted, over all its frames. A change counts from the next frame header on.
    package var maxMessageBytes: Int
    /// The message last reported as ``Payload/assembled``. Borrow it through its `span`; a copy held across the next
    /// call of `next` costs a reallocation. While a message is in progress it holds what has come of it.
    package private(set) var assembledPayload: [UInt8] = []
    private var isAssembledDelivered = false
    private var state = State.betweenFrames
    /// The opcode of the message in progress, between its first header and its end.
    private var messageOpcode: Opcode?
    private var utf8 = UTF8Validator()
    private var compression: PermessageDeflate?
    /// Made for the first compressed message, and kept for the next only if that may refer back to it.
    private var inflater: Inflater?
    /// Octets of the compressed message in progress, as they were on the wire; `nil` when it is not compressed.
    private var compressedBytes: Int?

    package init(endpoint: Endpoint, maxMessageBytes: Int) {
        self.endpoint = endpoint
        self.maxMessageBytes = maxMessageBytes
    }

    /// Accepts compressed messages from now on, as agreed in the opening handshake.
    package mutating func allowCompression(_ agreement: PermessageDeflate) {
        compression = agreement
    }

    /// Memory held for assembly, in bytes.
    package var bufferedBytes: Int { assembledPayload.capacity }

    /// Gives back the assembly buffer unless a message is being assembled in it. An assembled message that was
    /// reported before is gone afterwards.
    package mutating func releaseIdleMemory() {
        guard messageOpcode == nil else { return }
        assembledPayload = []
        isAssembledDelivered = false
    }

    /// Hands over the message last reported as ``Payload/assembled``, without a copy.
    package mutating func takeAssembled() -> [UInt8] {
        precondition(isAssembledDelivered, "no assembled message is waiting")
        isAssembledDelivered = false
        var taken: [UInt8] = []
        swap(&taken, &assembledPayload)
        return taken
    }

    /// Takes what it can from `buffer` starting at `offset` and advances `offset`; call it again until it returns `nil`.
    ///
    /// - Returns: `nil` when more bytes are needed. What is left from `offset` on (part of a header or of a control
    ///   frame, less than 140 bytes) is the caller's to keep and to present again in front of the next bytes.
    /// - Throws: ``WebSocketError``; every later call throws the same.
    package mutating func next(
        in buffer: inout MutableSpan<UInt8>, at offset: inout Int
    ) throws(WebSocketError) -> Event? {
        recycleDeliveredPayload()
        do throws(WebSocketError) {
            return try advance(in: &buffer, at: &offset)
        } catch {
            finish(.failed(error))
            throw error
        }
    }

    /// Nothing more will be decoded, so nothing is kept.
    private mutating func finish(_ end: State) {
        state = end
        messageOpcode = nil
        assembledPayload = []
        inflater = nil
    }

    private mutating func advance(
        in buffer: inout MutableSpan<UInt8>, at offset: inout Int
    ) throws(WebSocketError) -> Event? {
        while true {
            switch state {
            case .betweenFrames:
                let parsed = try FrameHeader.parse(
                    buffer.span, at: offset, receivedBy: endpoint, allowsCompressed: compression != nil)
                guard let header = parsed else { return nil }
                if header.opcode.isControl {
                    return try takeControlFrame(header, in: &buffer, at: &offset)
                }
                try admit(header)
                let start = offset + header.headerLength
                if header.fin && header.opcode != .continuation && header.payloadLength <= buffer.count - start
                    && !header.isCompressed
                {
                    offset = start + header.payloadLength
                    let range = start..<offset
                    try unmask(range, of: &buffer, key: header.maskingKey, phase: 0, isText: header.opcode == .text)
                    guard utf8.isComplete else { throw .invalidUTF8 }
                    return .message(opcode: header.opcode, .inPlace(range))
                }
                offset = start
                if header.opcode != .continuation {
                    messageOpcode = header.opcode
                    compressedBytes = header.isCompressed ? 0 : nil
                }
                state = .inFrame(
                    PartialFrame(fin: header.fin, maskingKey: header.maskingKey, remaining: header.payloadLength))
            case .inFrame(var frame):
                try take(&frame, from: &buffer, at: &offset)
                guard frame.remaining == 0 else {
                    state = .inFrame(frame)
                    return nil
                }
                state = .betweenFrames
                if frame.fin, let opcode = messageOpcode {
                    try finishCompressed()
                    guard utf8.isComplete else { throw .invalidUTF8 }
                    messageOpcode = nil
                    isAssembledDelivered = true
                    return .message(opcode: opcode, .assembled)
                }
            case .closed:
                offset = buffer.count
                return nil
            case .failed(let error):
                throw error
            }
        }
    }

    /// Checks a data frame against the message in progress and the limit, before any of its payload is looked at.
    private func admit(_ header: FrameHeader) throws(WebSocketError) {
        if header.opcode == .continuation {
            guard messageOpcode != nil else { throw .unexpectedContinuation }
            if compressedBytes != nil { return try admitCompressed(header) }
        } else {
            guard messageOpcode == nil else { throw .interruptedMessage(by: header.opcode) }
            if header.isCompressed { return try admitCompressed(header) }
        }
        let (total, overflow) = assembledPayload.count.addingReportingOverflow(header.payloadLength)
        guard !overflow && total <= maxMessageBytes else {
            throw .messageTooBig(length: overflow ? .max : total, limit: maxMessageBytes)
        }
    }

    private mutating func take(
        _ frame: inout PartialFrame, from buffer: inout MutableSpan<UInt8>, at offset: inout Int
    ) throws(WebSocketError) {
        let count = min(frame.remaining, buffer.count - offset)
        guard count > 0 else { return }
        let range = offset..<offset + count
        if compressedBytes != nil {
            try takeCompressed(range, of: &buffer, key: frame.maskingKey, phase: frame.taken)
        } else {
            try unmask(
                range, of: &buffer, key: frame.maskingKey, phase: frame.taken, isText: messageOpcode == .text)
            makeRoom(for: count, of: frame)
            unsafe buffer.span.extracting(range).withUnsafeBufferPointer { bytes in
                unsafe assembledPayload.append(contentsOf: bytes)
            }
        }
        offset += count
        frame.taken += count
        frame.remaining -= count
    }

    /// Grows the assembly buffer by doubling, but not beyond what this message can still become.
    private mutating func makeRoom(for count: Int, of frame: PartialFrame) {
        let needed = assembledPayload.count + count
        guard needed > assembledPayload.capacity else { return }
        let ceiling = frame.fin ? assembledPayload.count + frame.remaining : maxMessageBytes
        assembledPayload.reserveCapacity(max(needed, min(2 * assembledPayload.capacity, ceiling)))
    }

    /// Unmasks in place and, for text, carries the UTF-8 check on.
    private mutating func unmask(
        _ range: Range<Int>, of buffer: inout MutableSpan<UInt8>, key: UInt32?, phase: Int, isText: Bool
    ) throws(WebSocketError) {
        var isKnownASCII = false
        if let key {
            isKnownASCII = Masking.apply(key, to: &buffer, in: range, phase: phase)
        }
        guard isText && !(isKnownASCII && utf8.isComplete) else { return }
        guard utf8.consume(buffer.span.extracting(range)) else { throw .invalidUTF8 }
    }

    // MARK: - Compressed messages (RFC 7692 §7.2.2)

    /// A message may take more room compressed than not: up to nine bits for an octet, and the ends of blocks. Beyond
    /// that it can only inflate to too much, or hide endless empty blocks.
    private func admitCompressed(_ header: FrameHeader) throws(WebSocketError) {
        let before = header.opcode == .continuation ? compressedBytes ?? 0 : 0
        let (total, overflow) = before.addingReportingOverflow(header.payloadLength)
        let (limit, isUnlimited) = maxMessageBytes.addingReportingOverflow(maxMessageBytes / 8 + 64)
        guard !overflow && (isUnlimited || total <= limit) else {
            throw .messageTooBig(length: overflow ? .max : total, limit: maxMessageBytes)
        }
    }

    private mutating func takeCompressed(
        _ range: Range<Int>, of buffer: inout MutableSpan<UInt8>, key: UInt32?, phase: Int
    ) throws(WebSocketError) {
        if let key {
            _ = Masking.apply(key, to: &buffer, in: range, phase: phase)
        }
        if inflater == nil {
            inflater = Inflater()
        }
        compressedBytes = (compressedBytes ?? 0) + range.count
        let start = assembledPayload.count
        try inflater?.inflate(
            buffer.span.extracting(range), appendingTo: &assembledPayload, maxCount: maxMessageBytes)
        try checkInflated(from: start)
    }

    private mutating func finishCompressed() throws(WebSocketError) {
        guard let octets = compressedBytes else { return }
        compressedBytes = nil
        // An empty message should be an empty block (RFC 7692 §7.2.3.6). Senders that flush zlib twice in a row leave
        // nothing of it.
        guard octets > 0 else { return }
        let start = assembledPayload.count
        try inflater?.finishMessage(appendingTo: &assembledPayload, maxCount: maxMessageBytes)
        try checkInflated(from: start)
        if compression?.keepsContext(of: endpoint.peer) != true { inflater = nil }
    }

    private mutating func checkInflated(from start: Int) throws(WebSocketError) {
        guard messageOpcode == .text else { return }
        var validator = utf8
        guard validator.consume(assembledPayload.span.extracting(start..<assembledPayload.count)) else {
            throw .invalidUTF8
        }
        utf8 = validator
    }

    // MARK: - Control frames

    /// Control frames wait in the caller's buffer until they are whole, so theirs is never unmasked twice.
    private mutating func takeControlFrame(
        _ header: FrameHeader, in buffer: inout MutableSpan<UInt8>, at offset: inout Int
    ) throws(WebSocketError) -> Event? {
        let start = offset + header.headerLength
        guard header.payloadLength <= buffer.count - start else { return nil }
        let range = start..<start + header.payloadLength
        if let key = header.maskingKey {
            _ = Masking.apply(key, to: &buffer, in: range)
        }
        offset = range.upperBound
        switch header.opcode {
        case .ping:
            return .ping(range)
        case .pong:
            return .pong(range)
        case .close:
            let event = try Event.close(parsing: buffer.span.extracting(range))
            finish(.closed)
            return event
        case .continuation, .text, .binary:
            preconditionFailure("a data frame taken for a control frame")
        }
    }

    private mutating func recycleDeliveredPayload() {
        guard isAssembledDelivered else { return }
        isAssembledDelivered = false
        if assembledPayload.capacity > Self.maxRetainedBytes {
            assembledPayload = []
        } else {
            assembledPayload.removeAll(keepingCapacity: true)
        }
    }
}

extension MessageDecoder.Event {
    /// Reads the payload of a Close frame (RFC 6455 §5.5.1).
    fileprivate static func close(parsing payload: Span<UInt8>) throws(WebSocketError) -> Self {
        guard !payload.isEmpty else { return .close(code: nil, reason: "") }
        guard payload.count >= 2 else { throw .truncatedCloseCode }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isValidOnWire else { throw .invalidCloseCode(code.rawValue) }
        guard let reason = try? UTF8Span(validating: payload.extracting(2..<payload.count)) else {
            throw .invalidCloseReason
        }
        return .close(code: code, reason: String(copying: reason))
    }
}
