import JSON
import Testing

@Suite("JSON round trips")
struct JSONRoundTripTests {
    /// SplitMix64: the same values on every run.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }

        mutating func text() -> String {
            let alphabet: [Unicode.Scalar] = [
                "a", "Z", "\"", "\\", "/", "\n", "\0", "\u{1f}", "\u{7f}", "é", "\u{301}", "€", "😀", ".",
            ]
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...20, using: &self) {
                text.append(alphabet.randomElement(using: &self) ?? "a")
            }
            return String(text)
        }

        mutating func value(depth: Int) -> JSON {
            switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &self) {
            case 0: return .null
            case 1: return .bool(Bool.random(using: &self))
            case 2: return .integer(Int64(bitPattern: next()) >> Int64.random(in: 0...63, using: &self))
            case 3:
                let value = Double(bitPattern: next())
                return .double(value.isFinite ? value : 0.25)
            case 4, 5: return .string(text())
            case 6: return .array((0..<Int.random(in: 0...5, using: &self)).map { _ in value(depth: depth - 1) })
            default:
                let count = Int.random(in: 0...20, using: &self)
                return .object(JSONObject((0..<count).map { _ in (text(), value(depth: depth - 1)) }))
            }
        }
    }

    @Test("what is written, compact or pretty, is read back the same", arguments: 0..<50)
    func roundTrip(_ seed: UInt64) throws {
        var generator = Generator(state: seed)
        for _ in 0..<10 {
            let value = generator.value(depth: 3)
            let bytes = value.serialized()
            let read = try JSONParser.parse(bytes)
            #expect(read == value)
            #expect(read.serialized() == bytes)
            #expect(try JSONParser.parse(value.prettyPrinted(), dialect: .json5) == value)
            #expect(try JSONParser.parseWithSource(bytes, dialect: .json).0 == value)
        }
    }
}
