/// Writes a head. Whatever a value holds, it cannot end its line.
struct HeadWriter {
    private var bytes: [UInt8]

    /// - Parameter startLine: Safe already; see ``percentEncoded(_:)`` for parts that come from elsewhere.
    init(startLine: String) {
        bytes = Array(startLine.utf8)
        bytes.reserveCapacity(512)
        bytes += [0x0D, 0x0A]
    }

    mutating func append(_ name: String, _ value: String) {
        precondition(FieldSyntax.isToken(name.utf8), "a header name that is not a token")
        bytes += name.utf8
        bytes += [UInt8(ascii: ":"), 0x20]
        bytes += value.utf8.lazy.map { FieldSyntax.isValueOctet($0) ? $0 : 0x20 }
        bytes += [0x0D, 0x0A]
    }

    mutating func append(_ fields: [HeaderField]) {
        for field in fields {
            append(field.name, field.value)
        }
    }

    /// Ends the head and puts `body` behind it.
    consuming func finish(body: [UInt8] = []) -> [UInt8] {
        bytes += [0x0D, 0x0A]
        bytes += body
        return bytes
    }

    /// `text` with everything but visible ASCII, and the fragment sign, percent-encoded.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for octet in text.utf8 {
            if octet > 0x20 && octet < 0x7F && octet != UInt8(ascii: "#") {
                encoded.append(octet)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 0xF)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
