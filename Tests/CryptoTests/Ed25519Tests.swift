import Testing

@testable import Crypto

@Suite("Ed25519, RFC 8032")
struct Ed25519Tests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let seed, publicKey, message, signature: [UInt8]
    }

    static let vectors = [
        Vector(
            testDescription: "§7.1 test 1, empty message",
            seed: hex("9d61b19deffd5a60ba844af492ec2cc4 4449c5697b326919703bac031cae7f60"),
            publicKey: hex("d75a980182b10ab7d54bfed3c964073a 0ee172f3daa62325af021a68f707511a"),
            message: [],
            signature: hex(
                """
                e5564300c360ac729086e2cc806e828a 84877f1eb8e5d974d873e06522490155 \
                5fb8821590a33bacc61e39701cf9b46b d25bf5f0595bbe24655141438e7a100b
                """)),
        Vector(
            testDescription: "§7.1 test 2, one byte",
            seed: hex("4ccd089b28ff96da9db6c346ec114e0f 5b8a319f35aba624da8cf6ed4fb8a6fb"),
            publicKey: hex("3d4017c3e843895a92b70aa74d1b7ebc 9c982ccf2ec4968cc0cd55f12af4660c"),
            message: [0x72],
            signature: hex(
                """
                92a009a9f0d4cab8720e820b5f642540 a2b27b5416503f8fb3762223ebdb69da \
                085ac1e43e15996e458f3613d0f11d8c 387b2eaeb4302aeeb00d291612bb0c00
                """)),
        Vector(
            testDescription: "§7.1 test 3, two bytes",
            seed: hex("c5aa8df43f9f837bedb7442f31dcb7b1 66d38535076f094b85ce3a2e0b4458f7"),
            publicKey: hex("fc51cd8e6218a1a38da47ed00230f058 0816ed13ba3303ac5deb911548908025"),
            message: [0xAF, 0x82],
            signature: hex(
                """
                6291d657deec24024827e69c3abe01a3 0ce548a284743a445e3680d7db5ac3ac \
                18ff9b538d16f290ae67f760984dc659 4a7c15e9716ed28dc027beceea1ec40a
                """)),
        Vector(
            testDescription: "§7.1 SHA(abc)",
            seed: hex("833fe62409237b9d62ec77587520911e 9a759cec1d19755b7da901b96dca3d42"),
            publicKey: hex("ec172b93ad5e563bf4932c70e1245034 c35467ef2efd4d64ebf819683467e2bf"),
            message: hex(
                """
                ddaf35a193617abacc417349ae204131 12e6fa4e89a97ea20a9eeee64b55d39a \
                2192992a274fc1a836ba3c23a3feebbd 454d4423643ce80e2a9ac94fa54ca49f
                """),
            signature: hex(
                """
                dc2a4459e7369633a52b1bf277839a00 201009a3efbf3ecb69bea2186c26b589 \
                09351fc9ac90b3ecfdfbc7c66431e030 3dca179c138ac17ad9bef1177331a704
                """)),
    ]

    @Test("known answers", arguments: vectors)
    func knownAnswer(_ vector: Vector) throws {
        let key = try Ed25519PrivateKey(seed: vector.seed)
        #expect(key.publicKey == vector.publicKey)
        #expect(key.seed == vector.seed)
        #expect(key.sign(vector.message) == vector.signature)
        #expect(
            Ed25519.isValid(signature: vector.signature, for: vector.message, publicKey: vector.publicKey))
    }

    @Test("a single changed bit anywhere makes a signature invalid")
    func changedBits() throws {
        let vector = Self.vectors[2]
        for bit in 0..<(64 * 8) {
            var signature = vector.signature
            signature[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Ed25519.isValid(signature: signature, for: vector.message, publicKey: vector.publicKey))
        }
        for bit in 0..<(32 * 8) {
            var publicKey = vector.publicKey
            publicKey[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Ed25519.isValid(signature: vector.signature, for: vector.message, publicKey: publicKey))
        }
        #expect(!Ed25519.isValid(signature: vector.signature, for: [0xAF, 0x83], publicKey: vector.publicKey))
    }

    @Test("wrong lengths are invalid, not an error", arguments: [0, 1, 31, 33, 63, 65, 1_000])
    func wrongLengths(_ length: Int) {
        let vector = Self.vectors[0]
        let other = [UInt8](repeating: 1, count: length)
        #expect(!Ed25519.isValid(signature: other, for: [], publicKey: vector.publicKey))
        #expect(!Ed25519.isValid(signature: vector.signature, for: [], publicKey: other))
    }

    @Test("points off the curve and S not below the group order are invalid")
    func invalidEncodings() {
        let vector = Self.vectors[1]
        for filler in [UInt8](0...255) {
            let point = [UInt8](repeating: filler, count: 32)
            #expect(!Ed25519.isValid(signature: vector.signature, for: vector.message, publicKey: point))
        }
        let order = hex("edd3f55c1a631258d69cf7a2def9de14 00000000000000000000000000000010")
        var malleable = vector.signature
        var carry = 0
        for index in 0..<32 {
            let sum = Int(malleable[32 + index]) + Int(order[index]) + carry
            malleable[32 + index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        #expect(!Ed25519.isValid(signature: malleable, for: vector.message, publicKey: vector.publicKey))
    }

    @Test("a seed that is not 32 bytes is refused", arguments: [0, 31, 33, 64])
    func seedLength(_ length: Int) {
        #expect(throws: CryptoError.invalidSeedLength(length)) {
            try Ed25519PrivateKey(seed: [UInt8](repeating: 0, count: length))
        }
    }

    @Test("another library agrees on keys, signatures and verdicts")
    func oracle() throws {
        var generator = FixedGenerator(state: 3)
        for length in Array(0...300) + [4_096, 100_000] {
            let seed = generator.bytes(32)
            let message = generator.bytes(length)
            let key = try Ed25519PrivateKey(seed: seed)
            #expect(key.publicKey == Oracle.publicKey(seed: seed))
            let signature = key.sign(message)
            #expect(signature == Oracle.sign(message, seed: seed), "\(length) bytes")
            #expect(Oracle.isValid(signature: signature, for: message, publicKey: key.publicKey))
            #expect(Ed25519.isValid(signature: signature, for: message, publicKey: key.publicKey))
            let other = message + [0]
            #expect(!Oracle.isValid(signature: signature, for: other, publicKey: key.publicKey))
            #expect(!Ed25519.isValid(signature: signature, for: other, publicKey: key.publicKey))
        }
    }
}
