internal import JSON

/// A time as it is written with its unit: `30d`, `12h`, `90m`, `45s`, `500ms`.
enum Period {
    static let allowed = "a time such as \"30d\", \"12h\" or \"90m\""
    /// A hundred years.
    private static let maxMilliseconds: Int64 = 100 * 365 * 86_400_000
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 7 * 86_400_000),
    ]

    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count > 0,
            let unit = units.first(where: { $0.name == text.dropFirst(digits.count) })
        else { return nil }
        let (milliseconds, isTooLong) = count.multipliedReportingOverflow(by: unit.milliseconds)
        return isTooLong || milliseconds > maxMilliseconds ? nil : .milliseconds(milliseconds)
    }

    /// In the largest unit that leaves no rest.
    static func text(_ duration: Duration) -> String {
        let milliseconds = Int64((duration / .milliseconds(1)).rounded())
        let unit = units.last { milliseconds % $0.milliseconds == 0 && milliseconds >= $0.milliseconds } ?? ("ms", 1)
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}

extension Section {
    /// A time that is written with its unit.
    func period(_ name: String, default fallback: Duration) -> Duration {
        read(name, as: .string, default: fallback, show: { .string(Period.text($0)) }) { raw throws(Refusal) in
            guard let period = Period.parse(try raw.string()) else { throw Refusal(allowed: Period.allowed) }
            return period
        }
    }

    /// A time that is written with its unit, or `false` for none.
    func optionalPeriod(_ name: String, default fallback: Duration?) -> Duration? {
        let show = { (value: Duration?) in value.map { JSON.string(Period.text($0)) } ?? .bool(false) }
        return read(name, as: .either(.string, .no), default: fallback, show: show) { raw throws(Refusal) in
            if case .bool(false) = raw.node.json { return nil }
            guard let text = raw.node.string, let period = Period.parse(text) else {
                throw Refusal(allowed: Period.allowed + ", or false")
            }
            return period
        }
    }
}
