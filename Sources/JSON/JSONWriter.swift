/// Writes compact JSON into one growing buffer; commas come by themselves.
///
/// The caller is trusted to open and close in order. No intermediate strings are made, except for doubles.
package struct JSONWriter: Sendable {
    /// What has been written so far.
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    package init() { bytes = [] }

    package init(capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Continues at the end of `buffer`, which is kept as it is.
    package init(appendingTo buffer: consuming [UInt8]) { bytes = buffer }

    /// Starts over with an empty buffer of the same capacity.
    package mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Hands over the buffer and leaves an empty one.
    package mutating func take() -> [UInt8] {
        needsComma = false
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    // MARK: Structure

    package mutating func beginObject() { open(Byte.openBrace) }
    package mutating func endObject() { close(Byte.closeBrace) }
    package mutating func beginArray() { open(Byte.openBracket) }
    package mutating func endArray() { close(Byte.closeBracket) }

    package mutating func key(_ name: String) {
        separate()
        appendQuoted(name)
        bytes.append(Byte.colon)
        needsComma = false
    }

    // MARK: Values

    package mutating func string(_ value: String) {
        separate()
        appendQuoted(value)
    }

    /// - Parameter utf8: Must be valid UTF-8; it is escaped, not checked.
    package mutating func string(utf8: Span<UInt8>) {
        separate()
        appendQuoted(utf8)
    }

    package mutating func integer(_ value: Int64) {
        separate()
        appendDigits(of: value)
    }

    package mutating func integer(_ value: Int) { integer(Int64(value)) }

    /// Infinities and NaN, which JSON cannot say, become `null` as in ECMAScript.
    package mutating func double(_ value: Double) {
        separate()
        append(value.isFinite ? value.description : "null")
    }

    package mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        append("null")
    }

    package mutating func value(_ value: JSON) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            self.object(object)
        }
    }

    package mutating func object(_ object: JSONObject) {
        beginObject()
        for (name, value) in object.members {
            key(name)
            self.value(value)
        }
        endObject()
    }

    /// - Parameter encoded: One complete JSON value, copied as it is.
    package mutating func raw(_ encoded: Span<UInt8>) {
        separate()
        append(encoded)
    }

    package mutating func raw(_ encoded: [UInt8]) { raw(encoded.span) }

    // MARK: Bytes

    private mutating func separate() {
        if needsComma { bytes.append(Byte.comma) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func append(_ text: String) {
        let utf8 = text.utf8
        append(utf8.span)
    }

    private mutating func append(_ run: Span<UInt8>) {
        unsafe run.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func appendQuoted(_ text: String) {
        let utf8 = text.utf8
        appendQuoted(utf8.span)
    }

    private mutating func appendQuoted(_ text: Span<UInt8>) {
        bytes.append(Byte.quote)
        var runStart = 0
        while true {
            let end = StringScan.firstSpecial(in: text, from: runStart, delimiter: Byte.quote)
            append(text.extracting(runStart..<end))
            guard end < text.count else { break }
            appendEscaped(text[end])
            runStart = end + 1
        }
        bytes.append(Byte.quote)
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        bytes.append(Byte.backslash)
        switch byte {
        case Byte.quote, Byte.backslash: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case Byte.lineFeed: bytes.append(UInt8(ascii: "n"))
        case Byte.carriageReturn: bytes.append(UInt8(ascii: "r"))
        case Byte.tab: bytes.append(UInt8(ascii: "t"))
        default:
            append("u00")
            for digit in [byte >> 4, byte & 0x0F] {
                bytes.append(digit < 10 ? Byte.zero + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    private mutating func appendDigits(of value: Int64) {
        var digits = [20 of UInt8](repeating: Byte.zero)
        var position = 20
        var rest = value.magnitude
        repeat {
            position -= 1
            digits[position] = Byte.zero + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest != 0
        if value < 0 { bytes.append(Byte.minus) }
        for index in position..<20 { bytes.append(digits[index]) }
    }
}
