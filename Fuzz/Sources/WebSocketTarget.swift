internal import WebSocket

/// A stream of frames gives the same messages and the same end in one buffer, in pieces and in single bytes.
/// The first byte of an input says how large the pieces are.
enum WebSocketTarget {
    private static let maxMessageBytes = 1_500

    private enum Outcome: Equatable {
        case message(Opcode, [UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(CloseCode?, String)
        case failed(WebSocketError)
    }

    static func checkServer(_ input: [UInt8]) { check(input, .server) }
    static func checkClient(_ input: [UInt8]) { check(input, .client) }

    private static func check(_ input: [UInt8], _ endpoint: Endpoint) {
        guard let rule = input.first else { return }
        let stream = Array(input.dropFirst())
        let whole = decode(stream, endpoint, pieceEnds: [stream.count])
        for rule in [rule, 0] {
            let split = decode(stream, endpoint, pieceEnds: pieceEnds(stream.count, rule: rule))
            require(whole == split, "whole: \(whole), in pieces by \(rule): \(split)")
        }
    }

    private static func decode(_ stream: [UInt8], _ endpoint: Endpoint, pieceEnds: [Int]) -> [Outcome] {
        var decoder = MessageDecoder(endpoint: endpoint, maxMessageBytes: maxMessageBytes)
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
            require(offset <= pending.count, "the decoder took more than there is")
            pending.removeFirst(offset)
            require(pending.count < 140, "\(pending.count) bytes are left to the caller")
            require(
                decoder.bufferedBytes <= 2 * maxMessageBytes + 64,
                "\(decoder.bufferedBytes) bytes are held for messages of \(maxMessageBytes)")
        }
        return outcomes
    }

    private static func outcome(
        _ event: MessageDecoder.Event, _ decoder: borrowing MessageDecoder, _ buffer: [UInt8]
    ) -> Outcome {
        switch event {
        case .message(let opcode, let payload):
            let bytes =
                switch payload {
                case .inPlace(let range): Array(buffer[range])
                case .assembled: decoder.assembledPayload
                }
            require(bytes.count <= maxMessageBytes, "a message of \(bytes.count) bytes")
            require(opcode != .text || text(bytes) != nil, "a text message that is not UTF-8")
            return .message(opcode, bytes)
        case .ping(let range): return .ping(Array(buffer[range]))
        case .pong(let range): return .pong(Array(buffer[range]))
        case .close(let code, let reason): return .close(code, reason)
        }
    }
}
