import Foundation
import Testing

@testable import TLS

@Suite("Self-signed certificates")
struct SelfSignedCertificateTests {
    static let kinds = [SelfSignedCertificate.KeyKind.ecdsaP256, .rsa2048]

    @Test("what was asked for is in the certificate", arguments: kinds)
    func content(_ kind: SelfSignedCertificate.KeyKind) throws {
        let pair = try Pair.make(
            dns: ["localhost", "gateway.local", "localhost"], ip: ["127.0.0.1", "::1", "fd7a:115c:a1e0::12"],
            kind: kind, now: testNow)
        let info = try pair.info
        #expect(
            info.subjectAlternativeNames == [
                "DNS:localhost", "DNS:gateway.local", "IP:127.0.0.1", "IP:::1", "IP:fd7a:115c:a1e0::12",
            ])
        #expect(info.subject == "CN=openclaw-gateway")
        #expect(info.notBefore == testNow - 3_600)
        #expect(info.notAfter == testNow - 3_600 + 825 * 86_400 - 1)
        #expect(info.certificateSHA256Hex.count == 64 && info.spkiSHA256Hex.count == 64)
        #expect(pair.privateKeyPEM.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        #expect(try pair.serverContext().info == info)
    }

    @Test("two certificates share neither key nor serial number")
    func fresh() throws {
        let (one, two) = (try Pair.make(now: testNow).info, try Pair.make(now: testNow).info)
        #expect(one.spkiSHA256Hex != two.spkiSHA256Hex)
        #expect(one.derCertificate != two.derCertificate)
    }

    @Test("names that could smuggle in another are refused", arguments: ["a,DNS:b", "", "a b", "127.0.0.1"])
    func badNames(_ name: String) {
        #expect(throws: TLSError.invalidName(name)) {
            try SelfSignedCertificate.generate(dnsNames: [name], ipAddresses: [], now: testNow)
        }
    }

    @Test("a certificate without any name or with an impossible validity is refused")
    func badInput() {
        #expect(throws: TLSError.self) {
            try SelfSignedCertificate.generate(dnsNames: [], ipAddresses: [], now: testNow)
        }
        #expect(throws: TLSError.invalidName("localhost")) {
            try SelfSignedCertificate.generate(dnsNames: [], ipAddresses: ["localhost"], now: testNow)
        }
        for days in [0, -1, Int.max, 100_000_000] {
            #expect(throws: TLSError.generationFailed(reasons: ["a validity of \(days) days is out of range"])) {
                try SelfSignedCertificate.generate(
                    dnsNames: ["a"], ipAddresses: [], validDays: days, now: testNow)
            }
        }
        #expect(throws: TLSError.self) {
            try SelfSignedCertificate.generate(
                commonName: String(repeating: "a", count: 65), dnsNames: ["a"], ipAddresses: [], now: testNow)
        }
    }

    @Test("the openssl tool reads the same values", .enabled(if: hasOpenSSL), arguments: kinds)
    func opensslTool(_ kind: SelfSignedCertificate.KeyKind) throws {
        let pair = try Pair.make(kind: kind)
        let info = try pair.info
        let fingerprint = try run(
            "openssl", "x509", "-noout", "-fingerprint", "-sha256", input: pair.certificatePEM)
        #expect(CertificatePin(fingerprint.output)?.hex == info.certificateSHA256Hex)
        let spki = try run(
            "sh", "-c", "openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum",
            input: pair.certificatePEM)
        #expect(spki.output.prefix(64) == info.spkiSHA256Hex)
        let text = try run("openssl", "x509", "-noout", "-text", input: pair.certificatePEM).output
        #expect(text.contains("X509v3 Basic Constraints: critical\n                CA:FALSE"))
        let usage = kind == .rsa2048 ? "Digital Signature, Key Encipherment\n" : "Digital Signature\n"
        #expect(text.contains("X509v3 Key Usage: critical\n                " + usage))
        #expect(text.contains("TLS Web Server Authentication\n"))
        #expect(text.contains("X509v3 Subject Key Identifier:") && text.contains("X509v3 Authority Key Identifier:"))
        #expect(text.contains("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
        let serial = try run("openssl", "x509", "-noout", "-serial", input: pair.certificatePEM).output
        #expect(serial.wholeMatch(of: /serial=[4-7][0-9A-F]{31}\n/) != nil)
    }

    @Test(
        "OpenSSL's strict verification accepts it as its own authority", .enabled(if: hasOpenSSL), arguments: kinds)
    func opensslVerify(_ kind: SelfSignedCertificate.KeyKind) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("cert.pem", Pair.make(kind: kind).certificatePEM)
        for flags in [[], ["-partial_chain"], ["-partial_chain", "-x509_strict"], ["-x509_strict", "-check_ss_sig"]] {
            let command =
                ["openssl verify -purpose sslserver -verify_hostname localhost -CAfile", path] + flags + [path]
            let result = try run("sh", "-c", command.joined(separator: " "))
            #expect(result.code == 0, "\(flags): \(result.output)")
        }
    }

    @Test("Python's strict client accepts it, by name and by address", .enabled(if: hasPython), arguments: kinds)
    func python(_ kind: SelfSignedCertificate.KeyKind) throws {
        let directory = try TemporaryDirectory()
        let pair = try Pair.make(kind: kind)
        let certificate = try directory.file("cert.pem", pair.certificatePEM)
        let key = try directory.file("key.pem", pair.privateKeyPEM)
        let script = """
            import ssl, sys
            certificate, key = sys.argv[1:3]
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(certificate, key)
            client = ssl.create_default_context(cafile=certificate)
            client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
            for name, good in (("localhost", True), ("127.0.0.1", True), ("::1", True), ("example.org", False)):
                a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
                ends = [client.wrap_bio(a, b, server_hostname=name), server.wrap_bio(b, a, server_side=True)]
                done = set()
                try:
                    while len(done) < 2:
                        for end in ends:
                            try:
                                end.do_handshake()
                                done.add(end)
                            except ssl.SSLWantReadError:
                                pass
                    assert good, name
                except ssl.SSLCertVerificationError as error:
                    assert not good, error
            print("accepted")
            """
        let result = try run("python3", "-", certificate, key, input: script)
        #expect(result.output == "accepted\n")
    }
}
