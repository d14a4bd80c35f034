/// One field of a cron expression.
struct CronField: Equatable, Sendable {
    enum Kind: CaseIterable, Sendable {
        case second, minute, hour, dayOfMonth, month, dayOfWeek

        var name: String {
            switch self {
            case .second: "second"
            case .minute: "minute"
            case .hour: "hour"
            case .dayOfMonth: "day of month"
            case .month: "month"
            case .dayOfWeek: "day of week"
            }
        }

        var range: ClosedRange<Int> {
            switch self {
            case .second, .minute: 0...59
            case .hour: 0...23
            case .dayOfMonth: 1...31
            case .month: 1...12
            case .dayOfWeek: 0...7
            }
        }

        /// The first stands for the least value.
        var names: [String] {
            switch self {
            case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            default: []
            }
        }
    }

    /// Bit n: the value n matches. Sunday is bit 0.
    let bits: UInt64
    /// It begins with `*` or `?`.
    let isWildcard: Bool

    func contains(_ value: Int) -> Bool { bits >> UInt64(value) & 1 == 1 }

    /// The least value from `value` on; nil when there is none.
    func first(from value: Int) -> Int? {
        guard value < 64 else { return nil }
        let rest = bits >> UInt64(value)
        return rest == 0 ? nil : value + rest.trailingZeroBitCount
    }
}

extension CronField {
    /// `*`, `?`, `n`, `n-m`, names, each with `/step`, and lists of these.
    init(_ text: Substring, _ kind: Kind) throws(CronExpression.Failure) {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            bits |= try Self.bits(part, kind)
        }
        if kind == .dayOfWeek, bits >> 7 & 1 == 1 { bits = bits & 0x7F | 1 }
        self.bits = bits
        isWildcard = text.first == "*" || text.first == "?"
    }

    private static func bits(_ part: Substring, _ kind: Kind) throws(CronExpression.Failure) -> UInt64 {
        func failure(_ why: String) -> CronExpression.Failure { .field(kind.name, part: String(part), why: why) }
        let halves = part.split(separator: "/", omittingEmptySubsequences: false)
        guard let base = halves.first, !base.isEmpty else { throw failure("is empty") }
        guard halves.count <= 2 else { throw failure("has more than one step") }
        var step = 1
        if halves.count == 2 {
            let most = kind.range.upperBound - kind.range.lowerBound + (kind == .dayOfWeek ? 0 : 1)
            guard let number = number(halves[1]), (1...most).contains(number) else {
                throw failure("needs a step from 1 to \(most) after \"/\"")
            }
            step = number
        }
        let range: ClosedRange<Int>
        if base == "*" || base == "?" {
            range = kind.range.lowerBound...(kind == .dayOfWeek ? 6 : kind.range.upperBound)
        } else {
            let ends = base.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2 else { throw failure("is no range of two values") }
            let first = try value(ends[0], kind, failure)
            if ends.count == 2 {
                let last = try value(ends[1], kind, failure)
                guard first <= last else { throw failure("ends before it begins") }
                range = first...last
            } else {
                range = first...(halves.count == 2 ? max(first, kind == .dayOfWeek ? 6 : kind.range.upperBound) : first)
            }
        }
        return stride(from: range.lowerBound, through: range.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private static func value(
        _ text: Substring, _ kind: Kind, _ failure: (String) -> CronExpression.Failure
    ) throws(CronExpression.Failure) -> Int {
        if let place = kind.names.firstIndex(of: text.lowercased()) { return place + kind.range.lowerBound }
        guard let number = number(text) else {
            throw failure(
                kind.names.isEmpty
                    ? "is no number, range, list or step"
                    : "is no number or name (\(kind.names[0].uppercased()) to \(kind.names[kind.names.count - 1].uppercased()))"
            )
        }
        guard kind.range.contains(number) else {
            throw failure("is not from \(kind.range.lowerBound) to \(kind.range.upperBound)")
        }
        return number
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
