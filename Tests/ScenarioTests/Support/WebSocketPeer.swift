import JSON
import WebSocket

/// A WebSocket over a raw connection, whose bytes and TLS records the scenario chooses.
final class WebSocketPeer {
    enum Event: Equatable {
        case message(Opcode, [UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(UInt16?, String)
        /// The end of the stream.
        case end
    }

    let connection: RawConnection
    private var decoder = MessageDecoder(endpoint: .client, maxMessageBytes: 64 << 20)
    private var received: [UInt8] = []

    /// Sends the upgrade, with `rest` behind it in the same TLS record, and reads the answer's head.
    ///
    /// - Parameters:
    ///   - relayed: a connection by another way than the gateway's first address.
    ///   - fields: more lines of the head, each with its end.
    init(
        _ gateway: GatewayProcess, over relayed: RawConnection? = nil, path: String = "/echo", fields: String = "",
        extensions: String? = nil, then rest: [UInt8] = []
    ) throws {
        connection = try relayed ?? RawConnection(port: gateway.port, pin: gateway.pin)
        if extensions != nil { decoder.allowCompression(PermessageDeflate(serverNoContextTakeover: true)) }
        var head =
            "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        if let extensions { head += "Sec-WebSocket-Extensions: \(extensions)\r\n" }
        try connection.send(Array((head + fields + "\r\n").utf8) + rest)
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let index = received.indices.first(where: { received[$0...].starts(with: end) }) {
                let answer = String(decoding: received[..<index], as: UTF8.self)
                guard answer.hasPrefix("HTTP/1.1 101 ") else { throw Unexpected("no upgrade: \(answer)") }
                if let extensions, !answer.contains("\r\nSec-WebSocket-Extensions: ") {
                    throw Unexpected("\(extensions) was declined: \(answer)")
                }
                received.removeFirst(index + end.count)
                return
            }
            guard let part = try connection.receive() else { throw Unexpected("no answer to the upgrade") }
            received += part
        }
    }

    /// Connects as the machine's owner, without a device.
    static func admitted(_ gateway: GatewayProcess, token: String = "my-token") throws -> WebSocketPeer {
        let peer = try WebSocketPeer(gateway, path: "/")
        guard case .message(.text, _) = try peer.next() else { throw Unexpected("no challenge") }
        try peer.send(frame(.text, connectRequest(token: token)))
        guard case .message(.text, let answer) = try peer.next(), try JSONParser.parse(answer)["ok"] == true else {
            throw Unexpected("connect was refused")
        }
        return peer
    }

    /// - Parameter bytes: length of the request, at least that of the shortest one.
    static func connectRequest(token: String = "my-token", bytes: Int = 0) -> [UInt8] {
        let text = """
            {"type":"req","id":"1","method":"connect","params":{"minProtocol":3,"maxProtocol":4,"role":"operator",\
            "client":{"id":"cli","version":"1","platform":"linux","mode":"cli"},"scopes":["operator.read"],"caps":[],\
            "auth":{"token":"\(token)"}}}
            """
        return Array(text.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: max(0, bytes - text.utf8.count))
    }

    /// A masked frame.
    static func frame(_ opcode: Opcode, _ payload: [UInt8], fin: Bool = true) -> [UInt8] {
        var out: [UInt8] = []
        FrameEncoder.append(to: &out, opcode: opcode, payload: payload.span, fin: fin, maskingKey: 0x9A3C_51E7)
        return out
    }

    /// The header of a masked frame whose payload does not follow yet.
    static func header(_ opcode: Opcode, payloadLength: Int, fin: Bool = true) -> [UInt8] {
        var out: [UInt8] = []
        FrameEncoder.appendHeader(to: &out, opcode: opcode, payloadLength: payloadLength, fin: fin, maskingKey: 0)
        return out
    }

    func send(_ bytes: [UInt8]) throws {
        try connection.send(bytes)
    }

    /// - Parameter recordBytes: how much goes into one TLS record.
    func send(_ bytes: [UInt8], recordBytes: Int) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try connection.send(Array(rest.prefix(recordBytes)))
            rest = rest.dropFirst(recordBytes)
        }
    }

    func next() throws -> Event {
        while true {
            var offset = 0
            var span = received.mutableSpan
            let event = try decoder.next(in: &span, at: &offset)
            var result: Event?
            switch event {
            case .message(let opcode, .inPlace(let range)): result = .message(opcode, Array(received[range]))
            case .message(let opcode, .assembled): result = .message(opcode, decoder.assembledPayload)
            case .ping(let range): result = .ping(Array(received[range]))
            case .pong(let range): result = .pong(Array(received[range]))
            case .close(let code, let reason): result = .close(code?.rawValue, reason)
            case nil: break
            }
            received.removeFirst(offset)
            if let result { return result }
            guard let part = try connection.receive() else { return .end }
            received += part
        }
    }
}
