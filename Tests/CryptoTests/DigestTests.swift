import Testing

@testable import Crypto

@Suite("SHA-256 and SHA-1, FIPS 180-4")
struct DigestTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let message: [UInt8]
        let sha256: String
        let sha1: String
    }

    static let vectors = [
        Vector(
            testDescription: "empty", message: [],
            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        Vector(
            testDescription: "abc", message: Array("abc".utf8),
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            sha1: "a9993e364706816aba3e25717850c26c9cd0d89d"),
        Vector(
            testDescription: "448 bits",
            message: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            sha1: "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        Vector(
            testDescription: "a million letters a", message: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            sha256: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            sha1: "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    ]

    @Test("known answers", arguments: vectors)
    func knownAnswer(_ vector: Vector) {
        #expect(Hex.encode(SHA256.digest(vector.message)) == vector.sha256)
        #expect(Hex.encode(SHA256.digest(vector.message.span)) == vector.sha256)
        #expect(Hex.encode(SHA1.digest(vector.message)) == vector.sha1)
    }

    @Test("the WebSocket accept value of RFC 6455 §1.3 comes out")
    func webSocketAccept() {
        let input = "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        #expect(Base64.encode(SHA1.digest(Array(input.utf8))) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("another library agrees for every length to 300 and for large messages")
    func oracle() {
        var generator = FixedGenerator(state: 1)
        for length in Array(0...300) + [4_095, 4_096, 65_537, 1_000_003] {
            let message = generator.bytes(length)
            #expect(SHA256.digest(message) == Oracle.sha256(message), "\(length) bytes")
            #expect(SHA1.digest(message) == Oracle.sha1(message), "\(length) bytes")
        }
    }
}
