import TLS
import Testing

@testable import Server

@Suite("Remedies for client certificates")
struct ClientCertificateRemedyTests {
    @Test(
        "what concerns a client's certificate names the key that mends it",
        arguments: [.clientCertificateMissing, .certificateUntrusted(reason: "certificate has expired")] as [TLSError])
    func remedies(_ error: TLSError) {
        #expect(ClientCertificateRemedy.remedy(for: error)?.contains("gateway.tls.caPath") == true)
    }

    @Test(
        "nothing else has to do with it",
        arguments: [
            .peerIsNotTLS, .closedDuringHandshake, .handshakeFailed(reasons: ["no shared cipher"]),
            .connectionLost(errno: 104),
        ] as [TLSError])
    func others(_ error: TLSError) {
        #expect(ClientCertificateRemedy.remedy(for: error) == nil)
    }
}
