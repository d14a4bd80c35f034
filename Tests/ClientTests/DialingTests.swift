import Crypto
import EventLoop
import Foundation
import HTTP
import TLS
import Testing

@testable import Client

@Suite("Dialling a gateway")
struct DialingTests {
    @Test(
        "a name is tried at all of its addresses", arguments: [SocketAddress.loopback(port: 0), .loopbackV6(port: 0)])
    func allAddresses(address: SocketAddress) throws {
        let resolved = try Sockets.resolve(host: "localhost", port: 0)
        try #require(resolved.contains(address) || address.family == .v6)
        guard resolved.contains(address) else { return }
        let gateway = try TestGateway(.tls, on: address) { peer in
            try peer.welcome()
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options(host: "localhost"))
        client.close()
        try gateway.finish()
    }

    @Test("IPv6 literals are dialled in brackets")
    func ipv6() throws {
        let gateway = try TestGateway(.plain, on: .loopbackV6(port: 0)) { peer in
            try peer.welcome()
            #expect(peer.requestHead?.host?.hasPrefix("[::1]") == true)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options(host: "[::1]"))
        client.close()
        try gateway.finish()
    }

    @Test("nobody there is an error with URL and reason")
    func unreachable() throws {
        let port: UInt16
        do {
            let listener = try Sockets.listen(on: .loopback(port: 0))
            port = try Sockets.localAddress(of: listener).port
        }
        let url = "ws://127.0.0.1:\(port)"
        #expect(throws: ClientError.unreachable(url: url, reason: "Connection refused")) {
            _ = try GatewayClient.connect(ConnectOptions(url: url))
        }
    }

    @Test("plaintext to elsewhere is refused before anything is sent, and so is a pin without TLS")
    func plaintext() throws {
        #expect(throws: ClientError.self) { _ = try GatewayClient.connect(ConnectOptions(url: "ws://192.0.2.1:1")) }
        var options = ConnectOptions(url: "ws://127.0.0.1:1")
        options.trust = .pins(PinSet([]))
        let pinned = options
        #expect(throws: ClientError.plaintextRefused("gateway tls fingerprint requires wss:// gateway url")) {
            _ = try GatewayClient.connect(pinned)
        }
    }

    @Test("a refused upgrade carries status and reason", arguments: Wire.allCases)
    func refusedUpgrade(_ wire: Wire) throws {
        let gateway = try TestGateway(wire) { peer in
            _ = try peer.readRequestHead()
            let response = Response(status: 503, text: "Too many unauthenticated sockets\n")
            try peer.write(response.serialized(persistence: .close))
            peer.waitForEnd()
        }
        let options = try gateway.options()
        #expect(throws: ClientError.upgradeRefused(status: 503, reason: "Too many unauthenticated sockets")) {
            _ = try GatewayClient.connect(options)
        }
        try gateway.finish()
    }

    @Test("an upgrade with the wrong accept key is none")
    func wrongAccept() throws {
        let gateway = try TestGateway { peer in
            _ = try peer.readRequestHead()
            try peer.write(Upgrade.response(acceptKey: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="))
            peer.waitForEnd()
        }
        let options = try gateway.options()
        #expect(throws: ClientError.protocolViolation("unacceptable answer to the upgrade (wrongAccept)")) {
            _ = try GatewayClient.connect(options)
        }
        try gateway.finish()
    }

    @Test("another certificate than the pinned one ends it before the upgrade")
    func pinMismatch() throws {
        let gateway = try TestGateway(.tls) { _ in Issue.record("the handshake went through") }
        var options = try gateway.options()
        let wrong = CertificatePin(sha256: Array(repeating: 7, count: 32))
        options.trust = .pins(PinSet([wrong]))
        let info = try CertificateInfo(pem: TestGateway.certificate.certificatePEM)
        let expected = ClientError.tls(.pinMismatch(expected: [wrong.hex], actual: info.certificateSHA256Hex))
        let pinned = options
        #expect(throws: expected) { _ = try GatewayClient.connect(pinned) }
        #expect(throws: (any Error).self) { try gateway.finish() }
    }

    @Test("a self-signed gateway is not trusted by system authorities, but by itself as one")
    func authorities() throws {
        let gateway = try TestGateway(.tls, connections: 1) { _ in Issue.record("the handshake went through") }
        var options = ConnectOptions(url: gateway.url())
        let untrusting = options
        do throws(ClientError) {
            _ = try GatewayClient.connect(untrusting)
            Issue.record("a stranger's certificate was trusted")
        } catch {
            guard case .tls(.certificateUntrusted) = error else {
                Issue.record(error)
                return
            }
        }
        #expect(throws: (any Error).self) { try gateway.finish() }

        let path = FileManager.default.temporaryDirectory.appending(path: "sallyport-\(SecureRandom.uuid()).pem").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try PrivateFile.create(path, containing: Array(TestGateway.certificate.certificatePEM.utf8))
        let trusted = try TestGateway(.tls) { peer in
            try peer.welcome()
            peer.waitForEnd()
        }
        options.url = trusted.url(host: "localhost")
        options.trust = .authorities(path: path)
        let client = try GatewayClient.connect(options)
        client.close()
        try trusted.finish()
    }

    @Test("a backup pin is as good as the first, be it of certificate or key", arguments: [true, false])
    func backupPin(ofKey: Bool) throws {
        let gateway = try TestGateway(.tls) { peer in
            try peer.welcome()
            peer.waitForEnd()
        }
        let info = try CertificateInfo(pem: TestGateway.certificate.certificatePEM)
        var options = try gateway.options()
        let list = String(repeating: "ab", count: 32) + "," + (ofKey ? info.spkiSHA256Hex : info.certificateSHA256Hex)
        options.trust = .pins(try #require(PinSet(list)))
        try GatewayClient.connect(options).close()
        try gateway.finish()
    }

    @Test(
        "with an authority the certificate has to be for the name or address that is dialled",
        arguments: [
            ("localhost", [], ["127.0.0.1"], "hostname mismatch"),
            ("127.0.0.1", ["localhost"], [], "IP address mismatch"),
            ("127.0.0.1", ["localhost"], ["127.0.0.2"], "IP address mismatch"),
            ("localhost", ["gw.example"], ["127.0.0.1"], "hostname mismatch"),
            ("localhost", ["*.localhost"], [], "hostname mismatch"),
            ("localhost", ["localhost"], [], nil), ("127.0.0.1", ["gw.example"], ["127.0.0.1"], nil),
        ] as [(String, [String], [String], String?)])
    func names(host: String, dns: [String], addresses: [String], reason: String?) throws {
        let now = Int64(Date().timeIntervalSince1970)
        let pair = try SelfSignedCertificate.generate(dnsNames: dns, ipAddresses: addresses, now: now)
        let gateway = try TestGateway(.tls, certificate: pair) { peer in
            try peer.welcome()
            peer.waitForEnd()
        }
        let path = FileManager.default.temporaryDirectory.appending(path: "sallyport-\(SecureRandom.uuid()).pem").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try PrivateFile.create(path, containing: Array(pair.certificatePEM.utf8))
        var options = ConnectOptions(url: gateway.url(host: host))
        options.trust = .authorities(path: path)
        let verifying = options
        guard let reason else {
            try GatewayClient.connect(verifying).close()
            try gateway.finish()
            return
        }
        #expect(throws: ClientError.tls(.certificateUntrusted(reason: reason))) { try GatewayClient.connect(verifying) }
        // The gateway was told by an alert.
        #expect(throws: (any Error).self) { try gateway.finish() }
    }

    @Test("a name that does not resolve is an error in the resolver's words, within the time given")
    func unresolvable() throws {
        var options = ConnectOptions(url: "wss://gateway.invalid:1")
        options.connectTimeout = .seconds(20)
        let lost = options
        let error = #expect(throws: ClientError.self) { try GatewayClient.connect(lost) }
        switch error {
        case .unreachable(url: "wss://gateway.invalid:1", let reason): #expect(reason.contains("gateway.invalid"))
        // A resolver that nobody answers.
        case .timeout(waitingFor: "the address of gateway.invalid", _): break
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test("a plain server on a TLS URL is named as such")
    func notTLS() throws {
        let gateway = try TestGateway(.plain) { peer in
            try peer.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            peer.waitForEnd()
        }
        var options = ConnectOptions(url: "wss://127.0.0.1:\(gateway.port)")
        options.trust = .pins(PinSet([]))
        let pinned = options
        #expect(throws: ClientError.tls(.peerIsNotTLS)) { _ = try GatewayClient.connect(pinned) }
        try gateway.finish()
    }
}
