/// The rule in a TZif footer: POSIX's `TZ` with the extensions of RFC 8536, section 3.3.1 (hours from -167 to 167).
struct POSIXTimeZone: Equatable, Sendable {
    /// A day of each year, with the time of day in seconds.
    struct Change: Equatable, Sendable {
        enum Day: Equatable, Sendable {
            /// `Jn`, 1 to 365: 29 February is never counted.
            case julian(Int)
            /// `n`, 0 to 365
            case ordinal(Int)
            /// `Mm.w.d`: week 5 is the last
            case month(Int, week: Int, weekday: Int)
        }

        let day: Day
        let time: Int

        /// Local seconds since 1970.
        func local(year: Int) -> Int64 {
            let newYear = CivilTime.days(year: year, month: 1, day: 1)
            let days: Int64
            switch day {
            case .julian(let number):
                days = newYear + Int64(number - 1) + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
            case .ordinal(let number):
                days = newYear + Int64(number)
            case .month(let month, let week, let weekday):
                let first = CivilTime.days(year: year, month: month, day: 1)
                let shift = (weekday - CivilTime.weekday(ofDay: first) + 7) % 7
                let length = CivilTime.daysInMonth(month, of: year)
                var day = shift + (week - 1) * 7
                while day >= length { day -= 7 }
                days = first + Int64(day)
            }
            return days * CivilTime.secondsPerDay + Int64(time)
        }
    }

    struct Daylight: Equatable, Sendable {
        /// Seconds east of UTC.
        let offset: Int
        let begin: Change
        let end: Change
    }

    /// Seconds east of UTC.
    let standardOffset: Int
    let daylight: Daylight?

    func offset(at seconds: Int64) -> Int {
        guard let daylight else { return standardOffset }
        let year = CivilTime(seconds: seconds + Int64(standardOffset)).year
        // Of three years: a change may be near New Year, and moved over it by its time of day.
        let last = (year - 1...year + 1).flatMap { changes(of: $0, daylight) }.filter { $0.at <= seconds }
            .max { ($0.at, $0.order) < ($1.at, $1.order) }
        return last?.after ?? standardOffset
    }

    func nextTransition(after seconds: Int64) -> TimeZoneRules.Transition? {
        guard let daylight, daylight.offset != standardOffset else { return nil }
        let year = CivilTime(seconds: max(seconds, Self.earliest) + Int64(standardOffset)).year
        var from = max(seconds, Self.earliest)
        // All year daylight time (RFC 8536 writes it so) changes at an instant to and fro: that is no change.
        for change in (year - 1...year + 2).flatMap({ changes(of: $0, daylight) }).sorted(by: { $0.at < $1.at })
        where change.at > from {
            let (before, after) = (offset(at: change.at - 1), offset(at: change.at))
            if before != after { return TimeZoneRules.Transition(at: change.at, before: before, after: after) }
            from = change.at
        }
        return nil
    }

    /// Year 1: before it nobody asks, and the arithmetic stays far from overflow.
    private static let earliest: Int64 = -62_135_596_800

    /// `order`: where an end and a beginning coincide, the beginning counts.
    private func changes(of year: Int, _ daylight: Daylight) -> [(at: Int64, after: Int, order: Int)] {
        [
            (daylight.begin.local(year: year) - Int64(standardOffset), daylight.offset, 1),
            (daylight.end.local(year: year) - Int64(daylight.offset), standardOffset, 0),
        ]
    }
}

extension POSIXTimeZone {
    /// - Returns: nil when `text` is no such rule.
    init?(_ text: String) {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard scanner.name(), let standard = scanner.time(maxHours: 24) else { return nil }
        standardOffset = -standard
        guard !scanner.rest.isEmpty else {
            daylight = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = standardOffset + 3600
        if scanner.rest.first != UInt8(ascii: ",") {
            guard let west = scanner.time(maxHours: 24) else { return nil }
            offset = -west
        }
        guard scanner.take(","), let begin = scanner.change(), scanner.take(","), let end = scanner.change(),
            scanner.rest.isEmpty
        else { return nil }
        daylight = Daylight(offset: offset, begin: begin, end: end)
    }

    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// `CET`, `<+0330>`
        mutating func name() -> Bool {
            if take("<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")), end > rest.startIndex else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let letters = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, digits.count <= 3 else { return nil }
            rest = rest.dropFirst(digits.count)
            let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            return range.contains(value) ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds
        mutating func time(maxHours: Int) -> Int? {
            let sign = take("-") ? -1 : 1
            if sign == 1 { _ = take("+") }
            guard let hours = number(0...maxHours) else { return nil }
            var seconds = hours * 3600
            for unit in [60, 1] where take(":") {
                guard let value = number(0...59) else { return nil }
                seconds += value * unit
            }
            return sign * seconds
        }

        mutating func change() -> Change? {
            let day: Change.Day
            if take("M") {
                guard let month = number(1...12), take("."), let week = number(1...5), take("."),
                    let weekday = number(0...6)
                else { return nil }
                day = .month(month, week: week, weekday: weekday)
            } else if take("J") {
                guard let number = number(1...365) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(0...365) else { return nil }
                day = .ordinal(number)
            }
            guard take("/") else { return Change(day: day, time: 2 * 3600) }
            guard let time = time(maxHours: 167) else { return nil }
            return Change(day: day, time: time)
        }
    }
}
