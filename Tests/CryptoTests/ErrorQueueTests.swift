import COpenSSL
import Testing

@testable import Crypto

@Suite("OpenSSL's error queue")
struct ErrorQueueTests {
    @Test("a failure leaves nothing behind for the thread's next TLS operation")
    func clean() {
        ERR_clear_error()
        let key = hex("d75a980182b10ab7d54bfed3c964073a 0ee172f3daa62325af021a68f707511a")
        #expect(!Ed25519.isValid(signature: [UInt8](repeating: 0xFF, count: 64), for: [1], publicKey: key))
        #expect(ERR_peek_error() == 0)
        let noPoint = [UInt8](repeating: 2, count: 32)
        #expect(!Ed25519.isValid(signature: [UInt8](repeating: 0, count: 64), for: [1], publicKey: noPoint))
        #expect(ERR_peek_error() == 0)
    }
}
