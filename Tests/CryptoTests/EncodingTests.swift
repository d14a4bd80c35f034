import Testing

@testable import Crypto

@Suite("Hex and base64, RFC 4648")
struct EncodingTests {
    /// RFC 4648 §10.
    static let vectors = [
        ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"),
        ("foob", "Zm9vYg==", "666f6f62"), ("fooba", "Zm9vYmE=", "666f6f6261"), ("foobar", "Zm9vYmFy", "666f6f626172"),
    ]

    @Test("the vectors of §10", arguments: vectors)
    func knownAnswer(text: String, base64: String, hex: String) {
        let bytes = Array(text.utf8)
        let unpadded = base64.filter { $0 != "=" }
        #expect(Base64.encode(bytes) == base64)
        #expect(Base64.decode(base64) == bytes)
        #expect(Base64.decode(unpadded) == bytes)
        #expect(Base64URL.encode(bytes) == unpadded)
        #expect(Base64URL.decode(unpadded) == bytes)
        #expect(Base64URL.decodeLenient(base64) == bytes)
        #expect(Base64URL.decodeLenient(unpadded) == bytes)
        #expect(Hex.encode(bytes) == hex)
        #expect(Hex.decode(hex.uppercased()) == bytes)
    }

    @Test("the two alphabets differ in their last two characters")
    func alphabets() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
        #expect(Base64.encode(bytes) == "+/+/")
        #expect(Base64URL.encode(bytes) == "-_-_")
        #expect(Base64.decode("-_-_") == nil)
        #expect(Base64URL.decode("+/+/") == nil)
        #expect(Base64URL.decodeLenient("+_-/") == bytes)
    }

    @Test("strict base64url refuses everything it would not write itself")
    func strict() {
        for text in [
            "Zg==", "Zg=", "Zm9v\n", " Zm9v", "Zm 9v", "Zh", "Zm9", "Z", "Zm9vY", "Zm9v=", "Zm\u{E4}v", "Zm9v\0",
        ] {
            #expect(Base64URL.decode(text) == nil, "\(text)")
        }
    }

    @Test("wrong padding and non-zero trailing bits are refused even where padding is optional")
    func padding() {
        for text in ["Zg=", "Zg===", "Zm8==", "Zm9v=", "Zm9v====", "=", "====", "Zg==Zg==", "Zh==", "Zm9=", "Z==="] {
            #expect(Base64.decode(text) == nil, "\(text)")
            #expect(Base64URL.decodeLenient(text) == nil, "\(text)")
        }
    }

    @Test("random bytes survive the round trip")
    func roundTrip() {
        var generator = FixedGenerator(state: 4)
        for length in 0...200 {
            let bytes = generator.bytes(length)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test("hex refuses odd lengths and other characters", arguments: ["0", "abc", "0g", "g0", " 0", "0x", "\u{E4}"])
    func badHex(_ text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
