/// ISO 8601 instants, as people write them: `2026-03-01`, `2026-03-01T09:30`, with seconds, a fraction, `Z` or an
/// offset. Without a zone it is UTC. Milliseconds since 1970 are taken too.
package enum InstantSyntax {
    /// - Returns: milliseconds since 1970; nil when `text` is no instant between 1970 and 9999.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        if (11...15).contains(bytes.count), bytes.allSatisfy({ (0x30...0x39).contains($0) }) {
            return Int64(text).flatMap { $0 <= maxMs ? $0 : nil }
        }
        var reader = Reader(rest: bytes[...])
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), year >= 1970, (1...12).contains(month),
            (1...CivilTime.daysInMonth(month, of: year)).contains(day)
        else { return nil }
        var time = CivilTime(year: year, month: month, day: day)
        guard !reader.rest.isEmpty else { return time.seconds * 1000 }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), reader.take(":"),
            let minute = reader.number(2), hour < 24, minute < 60
        else { return nil }
        (time.hour, time.minute) = (hour, minute)
        var milliseconds: Int64 = 0
        if reader.take(":") {
            guard let second = reader.number(2), second < 60 else { return nil }
            time.second = second
            if reader.take(".") {
                guard let fraction = reader.fraction() else { return nil }
                milliseconds = fraction
            }
        }
        guard let offset = reader.offset(), reader.rest.isEmpty else { return nil }
        let instant = (time.seconds - offset) * 1000 + milliseconds
        return (0...maxMs).contains(instant) ? instant : nil
    }

    /// `2026-03-01T09:30:00.000Z`
    package static func format(ms: Int64) -> String {
        let (seconds, milliseconds) = CivilTime.floorDivide(ms, 1000)
        let time = CivilTime(seconds: seconds)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))T\(padded(time.hour, 2)):"
            + "\(padded(time.minute, 2)):\(padded(time.second, 2)).\(padded(Int(milliseconds), 3))Z"
    }

    /// 9999-12-31T23:59:59.999Z
    package static let maxMs: Int64 = 253_402_300_799_999

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func number(_ digits: Int) -> Int? {
            let field = rest.prefix(digits)
            guard field.count == digits, field.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return field.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        /// In milliseconds; what is finer is cut off.
        mutating func fraction() -> Int64? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...9).contains(digits.count) else { return nil }
            rest = rest.dropFirst(digits.count)
            let padded = Array(digits.prefix(3)) + Array(repeating: UInt8(0x30), count: max(0, 3 - digits.count))
            return padded.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// `Z`, `+hh`, `+hhmm`, `+hh:mm` or nothing, in seconds.
        mutating func offset() -> Int64? {
            if rest.isEmpty || take("Z") || take("z") { return 0 }
            let sign: Int64 = take("-") ? -1 : 1
            if sign == 1 { guard take("+") else { return nil } }
            guard let hours = number(2), hours < 24 else { return nil }
            var minutes = 0
            if take(":") || !rest.isEmpty {
                guard let value = number(2), value < 60 else { return nil }
                minutes = value
            }
            return sign * Int64(hours * 3600 + minutes * 60)
        }
    }
}
