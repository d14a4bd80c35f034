import COpenSSL
import Foundation
import Testing

@testable import TLS

@Suite("Handshakes")
struct HandshakeTests {
    let pair: Pair

    init() throws { pair = try Pair.make() }

    private func pin(_ text: String) throws -> CertificatePin { try #require(CertificatePin(text)) }

    @Test("the pin of the certificate, of its key, and a backup pin are accepted", arguments: [0, 1, 2])
    func rightPin(_ which: Int) throws {
        let certificatePin = try pin(pair.info.certificateSHA256Hex)
        let spkiPin = try pin(pair.info.spkiSHA256Hex)
        let retired = CertificatePin(sha256: [UInt8](repeating: 1, count: 32))
        let pins = PinSet([[certificatePin], [spkiPin], [retired, certificatePin]][which])
        let ends = try Ends(trust: .pins(pins), server: pair.serverContext(), name: "some.other.name")
        let errors = try ends.shakeHands()
        #expect(errors.client == nil && errors.server == nil)
        #expect(ends.client.negotiatedProtocol == "TLSv1.3" && ends.server.negotiatedProtocol == "TLSv1.3")
        #expect(ends.server.negotiatedCipherSuite == "TLS_AES_128_GCM_SHA256")
        #expect(ends.server.applicationProtocol == "http/1.1" && ends.client.applicationProtocol == "http/1.1")
        #expect(try ends.client.peerCertificateInfo == pair.info)
        #expect(ends.server.peerCertificateInfo == nil)
    }

    @Test("a pin decides alone, also for an expired certificate")
    func expired() throws {
        let old = try Pair.make(now: 1_000_000_000)
        let ends = try Ends(trust: .pins(old.pins()), server: old.serverContext())
        #expect(try ends.shakeHands().client == nil)
        let directory = try TemporaryDirectory()
        let path = try directory.file("ca.pem", old.certificatePEM)
        let verifying = try Ends(trust: .authorities(path: path), server: old.serverContext())
        #expect(try verifying.shakeHands().client == .certificateUntrusted(reason: "certificate has expired"))
    }

    @Test("a wrong pin ends the handshake with both values, and the server is told")
    func wrongPin() throws {
        let wrong = CertificatePin(sha256: [UInt8](repeating: 1, count: 32))
        let ends = try Ends(trust: .pins(PinSet([wrong])), server: pair.serverContext())
        let errors = try ends.shakeHands()
        #expect(errors.client == .pinMismatch(expected: [wrong.hex], actual: try pair.info.certificateSHA256Hex))
        #expect(errors.server == .handshakeFailed(reasons: ["sslv3 alert bad certificate"]))
        #expect(throws: TLSError.self) { try ends.client.write([1, 2, 3].span) }
        #expect(ERR_peek_error() == 0)
    }

    @Test("no pins trust nobody")
    func noPins() throws {
        let ends = try Ends(trust: .pins(PinSet([])), server: pair.serverContext())
        #expect(
            try ends.shakeHands().client == .pinMismatch(expected: [], actual: pair.info.certificateSHA256Hex))
    }

    @Test("the system's authorities do not know a self-signed certificate")
    func systemAuthorities() throws {
        let ends = try Ends(trust: .systemAuthorities, server: pair.serverContext())
        let errors = try ends.shakeHands()
        guard case .certificateUntrusted? = errors.client else {
            Issue.record("\(String(describing: errors.client))")
            return
        }
        #expect(errors.server != nil)
    }

    @Test(
        "with the certificate as authority its names are accepted, others are not",
        arguments: [
            ("localhost", nil), ("LOCALHOST.", nil), ("127.0.0.1", nil), ("[::1]", nil),
            ("openclaw-gateway", "hostname mismatch"), ("example.org", "hostname mismatch"),
            ("127.0.0.2", "IP address mismatch"),
        ] as [(String, String?)])
    func ownAuthority(name: String, reason: String?) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("ca.pem", pair.certificatePEM)
        let ends = try Ends(trust: .authorities(path: path), server: pair.serverContext(), name: name)
        let error = try ends.shakeHands().client
        #expect(error == reason.map { TLSError.certificateUntrusted(reason: $0) })
    }

    @Test("an RSA certificate works as well")
    func rsa() throws {
        let rsa = try Pair.make(kind: .rsa2048)
        let ends = try Ends(trust: .pins(rsa.pins()), server: rsa.serverContext())
        let errors = try ends.shakeHands()
        #expect(errors.client == nil && errors.server == nil)
    }

    @Test("a server name that cannot be one is refused")
    func badName() throws {
        let sockets = try SocketPair()
        let context = try ClientTLSContext(trust: .systemAuthorities)
        #expect(throws: TLSError.invalidName("a b")) {
            try TLSConnection(connecting: context, descriptor: sockets.client, serverName: "a b")
        }
    }

    @Test("names go into server_name, addresses do not", arguments: [("localhost", true), ("127.0.0.1", false)])
    func serverName(name: String, isSent: Bool) throws {
        let sockets = try SocketPair()
        let context = try ClientTLSContext(trust: .systemAuthorities)
        let client = try TLSConnection(connecting: context, descriptor: sockets.client, serverName: name)
        #expect(try client.handshake() == .wantsRead)
        var hello = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe Foundation.read(sockets.server, &hello, hello.count)
        let text = String(decoding: hello.prefix(max(0, count)), as: UTF8.self)
        #expect(text.contains(name) == isSent)
    }

    private func serve(
        _ options: RawClient.Options, context: ServerTLSContext? = nil
    ) throws -> (client: RawClient, server: TLSConnection, errors: (client: TLSError?, server: TLSError?), SocketPair) {
        let sockets = try SocketPair()
        let server = try TLSConnection(
            accepting: context ?? pair.serverContext(), descriptor: sockets.server)
        let client = try RawClient(descriptor: sockets.client, options)
        let errors = try shakeHands(client: client.handshake, server: server.handshake)
        return (client, server, errors, sockets)
    }

    @Test("a client of TLS 1.2 is served with ephemeral keys and authenticated encryption")
    func tls12() throws {
        let served = try serve(.init(maxVersion: TLS1_2_VERSION))
        #expect(served.errors.client == nil && served.errors.server == nil)
        #expect(served.server.negotiatedProtocol == "TLSv1.2")
        #expect(served.server.negotiatedCipherSuite.hasPrefix("TLS_ECDHE_ECDSA_WITH_"))
        #expect(served.server.applicationProtocol == nil)
    }

    @Test("a client of TLS 1.1 is refused")
    func tls11() throws {
        let served = try serve(.init(maxVersion: TLS1_1_VERSION))
        #expect(served.errors.client != nil)
    }

    @Test("a client that knows only P-521 is refused", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func p521(_ version: Int32) throws {
        let served = try serve(.init(maxVersion: version, groups: "P-521"))
        #expect(served.errors.client != nil)
        guard case .handshakeFailed? = served.errors.server else {
            Issue.record("\(String(describing: served.errors.server))")
            return
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test("every group that is allowed works", arguments: ["X25519", "P-256", "P-384"])
    func groups(_ group: String) throws {
        let served = try serve(.init(groups: group))
        #expect(served.errors.client == nil && served.errors.server == nil)
    }

    @Test("of a list http/1.1 is chosen; without it the connection goes on unnamed")
    func alpn() throws {
        let h2: [UInt8] = [2] + Array("h2".utf8)
        let both = try serve(.init(alpn: h2 + ApplicationProtocol.http11List))
        #expect(both.client.applicationProtocol == Array("http/1.1".utf8))
        #expect(both.server.applicationProtocol == "http/1.1")
        let other = try serve(.init(alpn: h2))
        #expect(other.errors.client == nil && other.errors.server == nil)
        #expect(other.client.applicationProtocol.isEmpty)
        #expect(other.server.applicationProtocol == nil)
    }

    @Test("a ticket resumes on every sibling, until its key has been rotated twice")
    func resumption() throws {
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let first = try pair.serverContext()
            let sibling = try first.makeSibling()
            let full = try serve(.init(maxVersion: version), context: first)
            #expect(!full.server.isResumed)
            _ = full.client.read()
            var session = try #require(full.client.session)
            for context in [sibling, first] {
                let resumed = try serve(.init(maxVersion: version, session: session), context: context)
                #expect(resumed.errors.server == nil)
                #expect(resumed.server.isResumed)
            }

            sibling.rotateTicketKeys()
            let renewed = try serve(.init(maxVersion: version, session: session), context: first)
            #expect(renewed.server.isResumed)
            _ = renewed.client.read()
            let fresh = try #require(renewed.client.session)
            first.rotateTicketKeys()
            #expect(try !serve(.init(maxVersion: version, session: session), context: first).server.isResumed)
            session = fresh
            #expect(try serve(.init(maxVersion: version, session: session), context: sibling).server.isResumed)
            let stranger = try serve(.init(maxVersion: version, session: session), context: pair.serverContext())
            #expect(stranger.errors.server == nil)
            #expect(!stranger.server.isResumed)
        }
    }

    @Test("one handshake gives one ticket")
    func oneTicket() throws {
        let sockets = try SocketPair()
        let server = try TLSConnection(accepting: pair.serverContext(), descriptor: sockets.server)
        let client = try RawClient(descriptor: sockets.client)
        let errors = try shakeHands(client: client.handshake, server: server.handshake)
        #expect(errors.server == nil)
        var waiting = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(sockets.client, &waiting, waiting.count, Int32(MSG_PEEK))
        var records = 0
        var at = 0
        while at + 5 <= count {
            records += 1
            at += 5 + Int(waiting[at + 3]) << 8 + Int(waiting[at + 4])
        }
        #expect(records == 1)
    }

    @Test(
        "plain HTTP on the TLS port is recognised and can be answered in clear text",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /tools/invoke HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n",
        ])
    func plainHTTP(_ request: String) throws {
        let sockets = try SocketPair()
        let server = try TLSConnection(accepting: pair.serverContext(), descriptor: sockets.server)
        #expect(unsafe send(sockets.client, request, request.utf8.count, 0) == request.utf8.count)
        #expect(throws: TLSError.peerIsPlainHTTP) { try server.handshake() }
        #expect(ERR_peek_error() == 0)
        server.shutdown()
        var byte: UInt8 = 0
        #expect(unsafe recv(sockets.client, &byte, 1, 0) == -1 && errno == EAGAIN)
    }

    @Test("noise is not TLS, on either side")
    func noise() throws {
        let sockets = try SocketPair()
        let server = try TLSConnection(accepting: pair.serverContext(), descriptor: sockets.server)
        #expect(unsafe send(sockets.client, "hello, is this telnet?", 22, 0) == 22)
        #expect(throws: TLSError.peerIsNotTLS) { try server.handshake() }

        let others = try SocketPair()
        let context = try ClientTLSContext(trust: .systemAuthorities)
        let client = try TLSConnection(connecting: context, descriptor: others.client, serverName: "localhost")
        #expect(try client.handshake() == .wantsRead)
        #expect(unsafe send(others.server, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0) == 28)
        #expect(throws: TLSError.peerIsNotTLS) { try client.handshake() }
        #expect(throws: TLSError.handshakeFailed(reasons: ["the handshake has failed before"])) {
            try client.handshake()
        }
    }

    @Test("a peer that leaves during the handshake is told from one that fails")
    func leaving() throws {
        let sockets = try SocketPair()
        let context = try ClientTLSContext(trust: .systemAuthorities)
        let client = try TLSConnection(connecting: context, descriptor: sockets.client, serverName: "localhost")
        sockets.closeServer()
        let error = #expect(throws: TLSError.self) {
            while try client.handshake() != .complete {}
        }
        #expect(
            [.closedDuringHandshake, .connectionLost(errno: EPIPE), .connectionLost(errno: ECONNRESET)].contains(error))
    }
}
