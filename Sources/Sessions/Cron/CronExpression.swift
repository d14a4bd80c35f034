/// A cron expression: minute, hour, day of month, month, day of week, with seconds in front when there are six fields.
///
/// When both day fields are restricted (neither begins with `*` or `?`), a day matches that either of them names, as in
/// Vixie cron.
package struct CronExpression: Equatable, Sendable {
    package enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case tooLong(limit: Int)
        case fieldCount(Int)
        case field(String, part: String, why: String)
        case unknownNickname(String)
        /// No day within ``CronExpression/horizonYears`` matches, such as 30 February.
        case neverMatches

        package var description: String {
            switch self {
            case .tooLong(let limit): "the expression has more than \(limit) bytes"
            case .fieldCount(let count):
                "the expression has \(count) field\(count == 1 ? "" : "s"): it needs 5 "
                    + "(minute, hour, day of month, month, day of week) or 6 (second first)"
            case .field(let field, let part, let why): "the \(field) field: \"\(part)\" \(why)"
            case .unknownNickname(let name):
                "\"\(name)\" is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly"
            case .neverMatches: "the expression never matches a date"
            }
        }
    }

    package static let maxBytes = 256
    /// 29 February is at most eight years away; nothing that ever matches is rarer.
    static let horizonYears = 9

    let second, minute, hour, dayOfMonth, month, dayOfWeek: CronField

    private static let nicknames = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    package init(_ text: String) throws(Failure) {
        guard text.utf8.count <= Self.maxBytes else { throw .tooLong(limit: Self.maxBytes) }
        var fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if fields.count == 1, fields[0].hasPrefix("@") {
            guard let meaning = Self.nicknames[fields[0].lowercased()] else {
                throw .unknownNickname(String(fields[0]))
            }
            fields = meaning.split(separator: " ")
        }
        guard fields.count == 5 || fields.count == 6 else { throw .fieldCount(fields.count) }
        if fields.count == 5 { fields.insert("0", at: 0) }
        second = try CronField(fields[0], .second)
        minute = try CronField(fields[1], .minute)
        hour = try CronField(fields[2], .hour)
        dayOfMonth = try CronField(fields[3], .dayOfMonth)
        month = try CronField(fields[4], .month)
        dayOfWeek = try CronField(fields[5], .dayOfWeek)
        guard firstDay(from: CivilTime(year: 2000, month: 1, day: 1)) != nil else { throw .neverMatches }
    }

    /// Once in an hour, in more than one hour: many people write these, and all at the full hour.
    package var isRecurringTopOfHour: Bool { second.bits == 1 && minute.bits == 1 && hour.isWildcard }

    // MARK: - Matching clocks without a zone

    /// The least matching time from `local` on (seconds of a clock without a zone).
    func firstMatch(from local: Int64) -> Int64? {
        let start = CivilTime(seconds: local)
        guard var day = firstDay(from: start) else { return nil }
        if (day.year, day.month, day.day) == (start.year, start.month, start.day) {
            if let time = firstTime(from: (start.hour, start.minute, start.second)) {
                (day.hour, day.minute, day.second) = time
                return day.seconds
            }
            let tomorrow = CivilTime(daysSinceEpoch: CivilTime.days(year: day.year, month: day.month, day: day.day) + 1)
            guard let next = firstDay(from: tomorrow) else { return nil }
            day = next
        }
        guard let time = firstTime(from: (0, 0, 0)) else { return nil }
        (day.hour, day.minute, day.second) = time
        return day.seconds
    }

    /// The first matching day from a day on, at midnight; nil when there is none within the horizon.
    private func firstDay(from start: CivilTime) -> CivilTime? {
        var (year, fromMonth, fromDay) = (start.year, start.month, start.day)
        while year <= start.year + Self.horizonYears {
            var next = month.first(from: fromMonth)
            while let candidate = next, candidate <= 12 {
                let first = CivilTime.weekday(ofDay: CivilTime.days(year: year, month: candidate, day: 1))
                let begin = candidate == fromMonth ? fromDay : 1
                let length = CivilTime.daysInMonth(candidate, of: year)
                if begin <= length,
                    let day = (begin...length).first(where: { matches(day: $0, weekday: (first + $0 - 1) % 7) })
                {
                    return CivilTime(year: year, month: candidate, day: day)
                }
                next = month.first(from: candidate + 1)
                (fromMonth, fromDay) = (0, 1)
            }
            year += 1
            (fromMonth, fromDay) = (1, 1)
        }
        return nil
    }

    private func matches(day: Int, weekday: Int) -> Bool {
        let (inMonth, inWeek) = (dayOfMonth.contains(day), dayOfWeek.contains(weekday))
        return dayOfMonth.isWildcard || dayOfWeek.isWildcard ? inMonth && inWeek : inMonth || inWeek
    }

    private func firstTime(from start: (Int, Int, Int)) -> (Int, Int, Int)? {
        var (fromHour, fromMinute, fromSecond) = start
        while let hour = hour.first(from: fromHour) {
            if hour != fromHour { (fromMinute, fromSecond) = (0, 0) }
            while let minute = minute.first(from: fromMinute) {
                if minute != fromMinute { fromSecond = 0 }
                if let second = second.first(from: fromSecond) { return (hour, minute, second) }
                (fromMinute, fromSecond) = (minute + 1, 0)
            }
            (fromHour, fromMinute, fromSecond) = (hour + 1, 0, 0)
        }
        return nil
    }
}
