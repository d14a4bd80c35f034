import COpenSSL
import Foundation
import Testing

@testable import TLS

@Suite("What TLS can do and we do not: renegotiation, compression, early data")
struct RefusedFeatureTests {
    let pair: Pair

    init() throws { pair = try Pair.make() }

    private func served(
        _ options: RawClient.Options, _ context: ServerTLSContext
    ) throws -> (client: RawClient, server: TLSConnection, sockets: SocketPair) {
        let sockets = try SocketPair()
        let server = try TLSConnection(accepting: context, descriptor: sockets.server)
        let client = try RawClient(descriptor: sockets.client, options)
        let errors = try shakeHands(client: client.handshake, server: server.handshake)
        try #require(errors.client == nil && errors.server == nil)
        return (client, server, sockets)
    }

    @Test("a client of TLS 1.2 that renegotiates is told no, which ends nothing on our side")
    func renegotiation() throws {
        let (client, server, sockets) = try served(.init(maxVersion: TLS1_2_VERSION), pair.serverContext())
        defer { withExtendedLifetime(sockets) {} }
        #expect(try client.renegotiate() == .wantsRead)
        #expect(try server.readAll().end == .wantsRead)
        // For us the connection goes on; the client's library gives up by itself.
        #expect(try server.write([1, 2, 3].span) == .bytes(3))
        #expect(throws: TLSError.handshakeFailed(reasons: ["no renegotiation"])) { try client.renegotiate() }
    }

    @Test("compression that a client offers is not taken")
    func compression() throws {
        let sockets = try SocketPair()
        let server = try TLSConnection(accepting: pair.serverContext(), descriptor: sockets.server)
        let hello = try ClientHello.tls12(compressionMethods: [1, 0])
        #expect(unsafe send(sockets.client, hello, hello.count, 0) == hello.count)
        #expect(try server.handshake() == .wantsRead)
        var answer = [UInt8](repeating: 0, count: 8192)
        let count = unsafe recv(sockets.client, &answer, answer.count, 0)
        #expect(try ClientHello.compressionMethod(inAnswer: Array(answer.prefix(max(0, count)))) == 0)
    }

    @Test("tickets promise no early data, so that a client's library does not send any")
    func earlyData() throws {
        let context = try pair.serverContext()
        let first = try served(.init(), context)
        _ = first.client.read()
        let session = try #require(first.client.session)
        #expect(session.maxEarlyData == 0)
        let sockets = try SocketPair()
        let client = try RawClient(descriptor: sockets.client, .init(session: session))
        #expect(!client.writeEarlyData([1, 2, 3]))
    }
}

/// ClientHello and ServerHello, to the few bytes that matter here (RFC 5246 §7.4.1).
enum ClientHello {
    static func tls12(compressionMethods: [UInt8]) throws -> [UInt8] {
        func vector(_ bytes: [UInt8], lengthBytes: Int) -> [UInt8] {
            (0..<lengthBytes).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
        }
        func number(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
        // ECDHE-ECDSA-AES128-GCM-SHA256, and the signalling value of secure renegotiation.
        let suites = number(0xC02B) + number(0x00FF)
        let groups = number(10) + vector(vector(number(0x0017), lengthBytes: 2), lengthBytes: 2)
        let signatures = number(13) + vector(vector(number(0x0403), lengthBytes: 2), lengthBytes: 2)
        let body =
            [0x03, 0x03] + [UInt8](repeating: 7, count: 32) + [0] + vector(suites, lengthBytes: 2)
            + vector(compressionMethods, lengthBytes: 1) + vector(groups + signatures, lengthBytes: 2)
        let message = [1] + vector(body, lengthBytes: 3)
        return [22, 3, 1] + vector(message, lengthBytes: 2)
    }

    static func compressionMethod(inAnswer bytes: [UInt8]) throws -> UInt8 {
        // A record header of 5, a handshake header of 4, version, random, then the session id and the suite.
        try #require(bytes.count > 44 && bytes[0] == 22 && bytes[5] == 2, "not a ServerHello: \(bytes.prefix(16))")
        let afterSessionID = 44 + Int(bytes[43])
        try #require(bytes.count > afterSessionID + 2)
        return bytes[afterSessionID + 2]
    }
}
