import WebSocket

/// What a decoder reported, with the payload copied out of wherever it lay.
enum Received: Equatable, Sendable {
    case message(Opcode, [UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(CloseCode?, String)
}

/// Everything that came of some input: events, then perhaps an error.
struct Outcome: Equatable, Sendable {
    var events: [Received] = []
    var error: WebSocketError?
}

/// Plays the caller of `MessageDecoder`: keeps what was not consumed and presents it again.
struct Receiver: ~Copyable {
    var decoder: MessageDecoder
    var outcome = Outcome()
    var leftover: [UInt8] = []
    var largestLeftover = 0
    var inPlaceMessages = 0

    init(
        _ endpoint: Endpoint = .server, maxMessageBytes: Int = 1 << 20, compression: PermessageDeflate? = nil
    ) {
        decoder = MessageDecoder(endpoint: endpoint, maxMessageBytes: maxMessageBytes)
        if let compression { decoder.allowCompression(compression) }
    }

    mutating func feed(_ bytes: some Sequence<UInt8>) {
        guard outcome.error == nil else { return }
        var buffer = leftover + Array(bytes)
        var offset = 0
        do throws(WebSocketError) {
            while let event = try next(in: &buffer, at: &offset) {
                outcome.events.append(event)
            }
        } catch {
            outcome.error = error
        }
        leftover = Array(buffer[offset...])
        largestLeftover = max(largestLeftover, leftover.count)
    }

    private mutating func next(
        in buffer: inout [UInt8], at offset: inout Int
    ) throws(WebSocketError) -> Received? {
        var span = buffer.mutableSpan
        switch try decoder.next(in: &span, at: &offset) {
        case nil: return nil
        case .message(let opcode, .inPlace(let range)):
            inPlaceMessages += 1
            return .message(opcode, Array(buffer[range]))
        case .message(let opcode, .assembled): return .message(opcode, decoder.assembledPayload)
        case .ping(let range): return .ping(Array(buffer[range]))
        case .pong(let range): return .pong(Array(buffer[range]))
        case .close(let code, let reason): return .close(code, reason)
        }
    }
}

func decode(
    _ pieces: [ArraySlice<UInt8>], endpoint: Endpoint = .server, maxMessageBytes: Int = 1 << 20,
    compression: PermessageDeflate? = nil
) -> Outcome {
    var receiver = Receiver(endpoint, maxMessageBytes: maxMessageBytes, compression: compression)
    for piece in pieces {
        receiver.feed(piece)
    }
    return receiver.outcome
}

func decode(
    _ bytes: [UInt8], endpoint: Endpoint = .server, maxMessageBytes: Int = 1 << 20,
    compression: PermessageDeflate? = nil
) -> Outcome {
    decode([bytes[...]], endpoint: endpoint, maxMessageBytes: maxMessageBytes, compression: compression)
}

/// A frame written the slow way, with every field free to be wrong.
func frame(
    _ opcode: UInt8, _ payload: [UInt8] = [], fin: Bool = true, reserved: UInt8 = 0,
    key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
) -> [UInt8] {
    var bytes = [opcode | reserved | (fin ? 0x80 : 0)]
    let mask: UInt8 = key == nil ? 0 : 0x80
    switch payload.count {
    case ...125:
        bytes.append(mask | UInt8(payload.count))
    case ...0xFFFF:
        bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default:
        bytes.append(mask | 127)
        bytes += (0..<8).reversed().map { UInt8(payload.count >> (8 * $0) & 0xFF) }
    }
    guard let key else { return bytes + payload }
    return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
}

func closePayload(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
    [UInt8(code >> 8), UInt8(code & 0xFF)] + reason
}

/// SplitMix64: small, seeded, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
