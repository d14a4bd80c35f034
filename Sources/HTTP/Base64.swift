/// Base64 with padding (RFC 4648 §4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ octets: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((octets.count + 2) / 3 * 4)
        for start in stride(from: 0, to: octets.count, by: 3) {
            let group = octets[start..<min(start + 3, octets.count)]
            var bits: UInt32 = 0
            for octet in group {
                bits = bits << 8 | UInt32(octet)
            }
            bits <<= 8 * UInt32(3 - group.count)
            for position in 0..<4 {
                let index = Int(bits >> (18 - 6 * UInt32(position)) & 0x3F)
                text.append(position <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether `text` is what 16 bytes look like: 22 characters of the alphabet and `==`. Decoders differ about the four
    /// spare bits of the last character; they are let through.
    static func encodesSixteenBytes(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        guard characters.count == 24, characters[22...].allSatisfy({ $0 == UInt8(ascii: "=") }) else { return false }
        return characters[..<22].allSatisfy(alphabet.contains)
    }
}
