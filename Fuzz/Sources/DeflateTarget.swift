internal import WebSocket

/// Whatever a peer sends as compressed data, arriving in whatever pieces, comes out alike and within the limit; and what
/// we compress comes out as it was.
/// The first byte says how large the pieces are, the second what was agreed, the third how large the frames are.
enum DeflateTarget {
    private static let maxMessageBytes = 4_096

    private enum Outcome: Equatable {
        case message([UInt8])
        case other
        case failed(WebSocketError)
    }

    static func check(_ input: [UInt8]) {
        guard input.count > 3 else { return }
        let agreement = agreement(input[1])
        let data = Array(input.dropFirst(3))
        let stream = frames(data, size: Int(input[2]) + 1)
        let whole = decode(stream, agreement, pieceEnds: [stream.count])
        for rule in [input[0], 0] {
            let split = decode(stream, agreement, pieceEnds: pieceEnds(stream.count, rule: rule))
            require(whole == split, "whole: \(whole), in pieces by \(rule): \(split)")
        }
        checkRoundTrip(data, agreement)
        checkNegotiation(data, agreement)
    }

    private static func agreement(_ bits: UInt8) -> PermessageDeflate {
        PermessageDeflate(
            serverNoContextTakeover: bits & 1 != 0, clientNoContextTakeover: bits & 2 != 0,
            serverMaxWindowBits: 8 + Int(bits >> 2 & 7), clientMaxWindowBits: 8 + Int(bits >> 5))
    }

    /// Two messages of the same data, the first one in frames of so many bytes: what the first leaves behind is the
    /// second one's context.
    private static func frames(_ data: [UInt8], size: Int) -> [UInt8] {
        var stream: [UInt8] = []
        var start = 0
        repeat {
            let end = min(data.count, start + size)
            let isFirst = start == 0
            appendFrame(
                Array(data[start..<end]), opcode: isFirst ? 2 : 0, compressed: isFirst, fin: end == data.count,
                to: &stream)
            start = end
        } while start < data.count
        appendFrame(data, opcode: 2, compressed: true, fin: true, to: &stream)
        return stream
    }

    private static func appendFrame(
        _ payload: [UInt8], opcode: UInt8, compressed: Bool, fin: Bool, to stream: inout [UInt8]
    ) {
        stream.append((fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode)
        if payload.count < 126 {
            stream.append(0x80 | UInt8(payload.count))
        } else {
            stream += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        // Masked with zeros, so that the data are what the fuzzer made.
        stream += [0, 0, 0, 0] + payload
    }

    private static func decode(_ stream: [UInt8], _ agreement: PermessageDeflate, pieceEnds: [Int]) -> [Outcome] {
        var decoder = MessageDecoder(endpoint: .server, maxMessageBytes: maxMessageBytes)
        decoder.allowCompression(agreement)
        var outcomes: [Outcome] = []
        var pending: [UInt8] = []
        var start = 0
        for end in pieceEnds {
            pending += stream[start..<end]
            start = end
            var offset = 0
            do throws(WebSocketError) {
                while true {
                    var span = pending.mutableSpan
                    guard let event = try decoder.next(in: &span, at: &offset) else { break }
                    outcomes.append(outcome(event, decoder, pending))
                }
            } catch {
                return outcomes + [.failed(error)]
            }
            pending.removeFirst(offset)
            require(
                decoder.bufferedBytes <= 2 * maxMessageBytes + 1_024,
                "\(decoder.bufferedBytes) bytes are held for messages of \(maxMessageBytes)")
        }
        return outcomes
    }

    private static func outcome(
        _ event: MessageDecoder.Event, _ decoder: borrowing MessageDecoder, _ buffer: [UInt8]
    ) -> Outcome {
        guard case .message(_, let payload) = event else { return .other }
        let bytes =
            switch payload {
            case .inPlace(let range): Array(buffer[range])
            case .assembled: decoder.assembledPayload
            }
        require(bytes.count <= maxMessageBytes, "a message of \(bytes.count) bytes")
        return .message(bytes)
    }

    private static func checkRoundTrip(_ data: [UInt8], _ agreement: PermessageDeflate) {
        guard data.count <= maxMessageBytes else { return }
        var compressor = MessageCompressor(
            windowBits: agreement.clientMaxWindowBits, keepsContext: agreement.keepsContext(of: .client))
        var stream: [UInt8] = []
        for _ in 0..<3 { compressor.append(to: &stream, opcode: .binary, payload: data.span, maskingKey: 0x37FA_213D) }
        let outcomes = decode(stream, agreement, pieceEnds: [stream.count])
        require(outcomes == Array(repeating: .message(data), count: 3), "compressed and inflated: \(outcomes)")
    }

    /// What we answer is an agreement that the other end reads as ours; what a client offers is read or refused.
    private static func checkNegotiation(_ data: [UInt8], _ agreement: PermessageDeflate) {
        let again = try? PermessageDeflate.negotiate(offers: [agreement.responseValue])
        require(again == .some(agreement), "\(agreement.responseValue) is read as \(String(describing: again))")
        guard let text = text(data), let agreed = try? PermessageDeflate.negotiate(offers: [text]) else { return }
        let read = try? PermessageDeflate.negotiate(offers: [agreed.responseValue])
        require(read == .some(agreed), "\(agreed.responseValue) is read as \(String(describing: read))")
    }
}
