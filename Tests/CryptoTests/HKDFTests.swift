import Foundation
import Testing

@testable import Crypto

@Suite("HKDF-SHA-256, RFC 5869")
struct HKDFTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let ikm, salt, info, prk, okm: [UInt8]
    }

    static let vectors = [
        Vector(
            testDescription: "A.1 basic",
            ikm: [UInt8](repeating: 0x0B, count: 22), salt: Array(0x00...0x0C), info: Array(0xF0...0xF9),
            prk: hex("077709362c2e32df0ddc3f0dc47bba63 90b6c73bb50f9c3122ec844ad7c2b3e5"),
            okm: hex("3cb25f25faacd57a90434f64d0362f2a 2d2d0a90cf1a5a4c5db02d56ecc4c5bf 34007208d5b887185865")),
        Vector(
            testDescription: "A.2 longer inputs",
            ikm: Array(0x00...0x4F), salt: Array(0x60...0xAF), info: Array(0xB0...0xFF),
            prk: hex("06a6b88c5853361a06104c9ceb35b45c ef760014904671014a193f40c15fc244"),
            okm: hex(
                """
                b11e398dc80327a1c8e7f78c596a4934 4f012eda2d4efad8a050cc4c19afa97c \
                59045a99cac7827271cb41c65e590e09 da3275600c2f09b8367793a9aca3db71 \
                cc30c58179ec3e87c14c01d5c1f3434f 1d87
                """)),
        Vector(
            testDescription: "A.3 neither salt nor info",
            ikm: [UInt8](repeating: 0x0B, count: 22), salt: [], info: [],
            prk: hex("19ef24a32c717b167f33a91d6f648bdf 96596776afdb6377ac434c1c293ccb04"),
            okm: hex("8da4e775a563c18f715f802a063c5a31 b8a11f5c5ee1879ec3454e5f3c738d2d 9d201395faa4b61a96c8")),
    ]

    @Test("known answers", arguments: vectors)
    func knownAnswer(_ vector: Vector) {
        #expect(HKDFSHA256.extract(salt: vector.salt, ikm: vector.ikm) == vector.prk)
        #expect(HKDFSHA256.expand(prk: vector.prk, info: vector.info, length: vector.okm.count) == vector.okm)
        let okm = HKDFSHA256.derive(ikm: vector.ikm, salt: vector.salt, info: vector.info, length: vector.okm.count)
        #expect(okm == vector.okm)
    }

    @Test("every output length is a prefix of the longest", arguments: [0, 1, 31, 32, 33, 64, 8_159, 8_160])
    func lengths(_ length: Int) {
        let prk = [UInt8](repeating: 7, count: 32)
        let longest = HKDFSHA256.expand(prk: prk, info: [1], length: HKDFSHA256.maxOutputLength)
        #expect(HKDFSHA256.expand(prk: prk, info: [1], length: length) == Array(longest.prefix(length)))
    }

    @Test("more than 255 blocks are a programming error")
    func tooLong() async {
        await #expect(processExitsWith: .failure) {
            _ = HKDFSHA256.expand(prk: [], info: [], length: HKDFSHA256.maxOutputLength + 1)
        }
    }

    @Test("another library agrees on random inputs")
    func oracle() {
        var generator = FixedGenerator(state: 2)
        for round in 0..<300 {
            let ikm = generator.bytes(round)
            let salt = generator.bytes(Int.random(in: 0...300, using: &generator))
            let info = generator.bytes(Int.random(in: 0...300, using: &generator))
            let length = Int.random(in: 1...300, using: &generator)
            #expect(
                HKDFSHA256.derive(ikm: ikm, salt: salt, info: info, length: length)
                    == Oracle.hkdf(ikm: ikm, salt: salt, info: info, length: length), "round \(round)")
        }
    }

    @Test("inputs as long as a session key may be are taken", arguments: [1_024, 2_048, 2_049, 65_535, 131_104])
    func longInputs(_ length: Int) {
        var generator = FixedGenerator(state: UInt64(length))
        let (ikm, info) = (generator.bytes(length), generator.bytes(length))
        #expect(
            HKDFSHA256.derive(ikm: ikm, salt: ikm, info: info, length: 32)
                == Oracle.hkdf(ikm: ikm, salt: ikm, info: info, length: 32))
    }
}
