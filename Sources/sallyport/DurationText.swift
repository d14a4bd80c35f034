/// Durations as people write them: `90s`, `10m`, `24h`, `7d`.
enum DurationText {
    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

    /// - Returns: Seconds; `nil` when it is none, or longer than `limit` seconds.
    static func seconds(_ text: String, limit: Int64) -> Int64? {
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count >= 0,
            text.first?.isNumber == true
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow || seconds > limit ? nil : seconds
    }

    /// The largest unit that divides it.
    static func text(_ seconds: Int64) -> String {
        for (name, unit) in [("d", 86_400), ("h", 3600), ("m", 60)] as [(String, Int64)]
        where seconds >= unit && seconds % unit == 0 { return "\(seconds / unit)\(name)" }
        return "\(seconds)s"
    }
}
