import Foundation
import JSON

/// A WebSocket client that may break every rule.
final class RawWebSocket {
    struct Frame: Equatable {
        var opcode: UInt8
        var payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
        var closeCode: Int? { opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
        var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    let connection: RawConnection
    private var buffer: [UInt8] = []
    /// Where the next frame begins in ``buffer``.
    private var start = 0

    /// Upgrades on `path`; on the echo path nothing else happens, elsewhere the challenge is awaited.
    init(port: UInt16, pin: String?, path: String = "/", fields: String = "") throws {
        connection = try RawConnection(port: port, pin: pin)
        try connection.send(Self.upgrade(path: path, fields: fields))
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            if let octet = try nextOctets(1) { head += octet } else { break }
        }
        guard head.starts(with: "HTTP/1.1 101 ".utf8) else {
            throw Unexpected("no upgrade: \(String(decoding: head, as: UTF8.self))")
        }
        if path != "/echo" { _ = try nextFrame() }
    }

    static func upgrade(path: String = "/", fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(fields)\r\n"
    }

    // MARK: - Frames

    /// A client's frame; anything about it can be wrong.
    ///
    /// - Parameters:
    ///   - first: FIN, reserved bits and opcode.
    ///   - length: what the header says; nil: the truth, in its shortest form.
    static func frame(
        _ first: UInt8, _ payload: [UInt8] = [], isMasked: Bool = true, length: [UInt8]? = nil
    ) -> [UInt8] {
        var bytes = [first]
        var lengthOctets: [UInt8]
        switch payload.count {
        case ..<126: lengthOctets = [UInt8(payload.count)]
        case ..<65_536: lengthOctets = [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: lengthOctets = [127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        if let length { lengthOctets = length }
        lengthOctets[0] |= isMasked ? 0x80 : 0
        bytes += lengthOctets
        guard isMasked else { return bytes + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        bytes += key
        bytes.reserveCapacity(bytes.count + payload.count)
        for (index, octet) in payload.enumerated() { bytes.append(octet ^ key[index & 3]) }
        return bytes
    }

    static func text(_ text: String) -> [UInt8] { frame(0x81, Array(text.utf8)) }

    static func close(_ code: Int, _ reason: [UInt8] = []) -> [UInt8] {
        frame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    func send(_ bytes: [UInt8]) throws { try connection.send(bytes) }

    /// - Returns: nil at the end of the connection.
    func nextFrame() throws -> Frame? {
        guard let header = try nextOctets(2) else { return nil }
        var length = Int(header[1] & 0x7F)
        if length >= 126 {
            guard let extended = try nextOctets(length == 126 ? 2 : 8) else { return nil }
            length = extended.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let payload = try nextOctets(length) else { return nil }
        let frame = Frame(opcode: header[0] & 0x0F, payload: payload)
        // A case that takes its time must not end by this rule.
        if frame.opcode == 9 { try? send(Self.frame(0x8A, payload)) }
        return frame
    }

    /// Skips events and everything else until a Close frame, or the end.
    func awaitClose() throws -> Frame? {
        while let frame = try nextFrame() {
            if frame.opcode == 8 { return frame }
        }
        return nil
    }

    /// The response to a request; events are skipped.
    func awaitResponse(to id: String) throws -> JSON? {
        while let frame = try nextFrame() {
            guard frame.opcode == 1, frame.payload.starts(with: #"{"type":"res""#.utf8),
                let message = try? JSONParser.parse(frame.payload)
            else { continue }
            if message["type"]?.string == "res", message["id"]?.string == id { return message }
        }
        return nil
    }

    private func nextOctets(_ count: Int) throws -> [UInt8]? {
        while buffer.count - start < count {
            if start > 0 {
                buffer.removeFirst(start)
                start = 0
            }
            guard let more = try connection.receive() else { return nil }
            buffer += more
        }
        defer { start += count }
        return Array(buffer[start..<start + count])
    }

    // MARK: - The gateway's protocol

    static func request(_ id: String, _ method: String, _ params: String = "{}") -> [UInt8] {
        text(#"{"type":"req","id":"\#(id)","method":"\#(method)","params":\#(params)}"#)
    }

    /// A local command line without a device, as the owner's.
    static let connectParams =
        #"{"minProtocol":3,"maxProtocol":4,"client":{"id":"cli","version":"1","platform":"linux","mode":"cli"},"#
        + #""role":"operator","scopes":["operator.admin"],"auth":{"token":"my-token"}}"#

    func connect() throws {
        try send(Self.request("connect", "connect", Self.connectParams))
        guard let answer = try awaitResponse(to: "connect"), answer["ok"]?.bool == true else {
            throw Unexpected("not admitted")
        }
    }
}

extension GatewayProcess {
    func webSocket(path: String = "/", fields: String = "") throws -> RawWebSocket {
        try RawWebSocket(port: port, pin: pin, path: path, fields: fields)
    }
}
