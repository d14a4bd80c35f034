import TLS
import Testing
import WebSocket

@testable import Server

struct HandshakeRefusalTests {
    /// OpenSSL's words, and the rule that they come under.
    static let words: [(String, String)] = [
        ("tlsv1 alert unknown ca", "client-rejects-certificate"),
        ("sslv3 alert certificate unknown", "client-rejects-certificate"),
        ("sslv3 alert bad certificate", "client-rejects-certificate"),
        ("sslv3 alert certificate expired", "client-rejects-certificate"),
        ("peer did not return a certificate", "client-certificate"),
        ("certificate verify failed", "client-certificate"),
        ("unsupported protocol", "tls-version"), ("version too low", "tls-version"),
        ("tlsv1 alert protocol version", "tls-version"),
        ("no shared cipher", "tls-parameters"), ("no suitable key share", "tls-parameters"),
        ("no suitable signature algorithm", "tls-parameters"),
        ("bad record type", "tls-protocol"), ("decryption failed or bad record mac", "tls-protocol"),
    ]

    @Test(arguments: words) func openSSLsWordsBecomeARuleWithARemedy(words: String, rule: String) throws {
        let refusal = try #require(HandshakeRefusal.refusal(.handshakeFailed(reasons: [words])))
        #expect(refusal.rule == rule)
        #expect(refusal.reason.contains(words))
        #expect(!refusal.remedy.isEmpty)
    }

    @Test func whoOnlyGoesAwayIsNotLogged() {
        #expect(HandshakeRefusal.refusal(.closedDuringHandshake) == nil)
        #expect(HandshakeRefusal.refusal(.connectionLost(errno: 104)) == nil)
    }

    @Test func anotherProtocolIsNamed() {
        #expect(HandshakeRefusal.refusal(.peerIsPlainHTTP)?.rule == "plain-http-on-tls-port")
        #expect(HandshakeRefusal.refusal(.peerIsNotTLS)?.rule == "not-tls")
    }

    @Test func aMessageThatIsTooBigSaysWhichLimitItMet() {
        let error = WebSocketError.messageTooBig(length: 70_000, limit: 65_536)
        #expect(error.refusal(isAdmitted: false).reason == "A message of 70000 bytes; the limit is 65536.")
        #expect(error.refusal(isAdmitted: false).remedy.contains("connect first"))
        #expect(error.refusal(isAdmitted: true).remedy.contains("policy.maxPayload"))
    }
}
