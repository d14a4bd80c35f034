import COpenSSL
import Foundation
import Testing

@testable import TLS

@Suite("Contexts")
struct ContextTests {
    @Test("a key of another certificate is refused")
    func mismatch() throws {
        let (one, two) = (try Pair.make(), try Pair.make(kind: .rsa2048))
        #expect(throws: TLSError.keyMismatch) {
            try ServerTLSContext(certificatePEM: one.certificatePEM, privateKeyPEM: two.privateKeyPEM)
        }
        #expect(throws: TLSError.keyMismatch) {
            try ServerTLSContext(certificatePEM: one.certificatePEM, privateKeyPEM: Pair.make().privateKeyPEM)
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test("certificates that cannot be read are refused", arguments: ["", "nonsense", "-----BEGIN CERTIFICATE-----\n"])
    func badCertificate(_ pem: String) throws {
        let error = #expect(throws: TLSError.self) { try CertificateInfo(pem: pem) }
        guard case .certificateUnreadable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test("every cut through a certificate or key is refused")
    func cuts() throws {
        let pair = try Pair.make()
        for length in stride(from: 0, to: pair.certificatePEM.utf8.count - 1, by: 7) {
            #expect(throws: TLSError.self) { try CertificateInfo(pem: String(pair.certificatePEM.prefix(length))) }
        }
        for length in stride(from: 0, to: pair.privateKeyPEM.utf8.count - 1, by: 7) {
            let key = String(pair.privateKeyPEM.prefix(length))
            #expect(throws: TLSError.self) {
                try ServerTLSContext(certificatePEM: pair.certificatePEM, privateKeyPEM: key)
            }
        }
    }

    @Test("a damaged second certificate of a chain is refused, a whole one taken")
    func chain() throws {
        let (one, two) = (try Pair.make(), try Pair.make())
        let good = one.certificatePEM + two.certificatePEM
        let context = try ServerTLSContext(certificatePEM: good, privateKeyPEM: one.privateKeyPEM)
        #expect(try context.info == one.info)
        #expect(throws: TLSError.self) {
            try ServerTLSContext(certificatePEM: String(good.dropLast(60)), privateKeyPEM: one.privateKeyPEM)
        }
    }

    @Test("an encrypted key is refused without asking for a passphrase", .enabled(if: hasOpenSSL))
    func encryptedKey() throws {
        let pair = try Pair.make()
        let encrypted = try run(
            "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret", input: pair.privateKeyPEM)
        #expect(throws: TLSError.privateKeyEncrypted) {
            try ServerTLSContext(certificatePEM: pair.certificatePEM, privateKeyPEM: encrypted.output)
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test("authorities that cannot be read are refused with the path")
    func authorities() throws {
        let directory = try TemporaryDirectory()
        for path in ["/nowhere/ca.pem", try directory.file("empty.pem", "")] {
            let error = #expect(throws: TLSError.self) { try ClientTLSContext(trust: .authorities(path: path)) }
            guard case .authoritiesUnreadable(path, _)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        _ = try ClientTLSContext(trust: .authorities(path: directory.path))
        #expect(ERR_peek_error() == 0)
    }
}
