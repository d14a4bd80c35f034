internal import JSON

extension Section {
    /// How long something is kept: a number with a unit such as `24h`, or false for as long as there is room.
    func retention(_ name: String, default fallback: Duration) -> Duration? {
        let show = { (value: Duration?) -> JSON in
            value.map { .string("\($0.components.seconds)s") } ?? false
        }
        return read(name, as: .either(.string, .no), default: Optional(fallback), show: show) { raw throws(Refusal) in
            if raw.json.bool == false || raw.isText && raw.node.string?.lowercased() == "false" { return nil }
            guard let text = raw.node.string, let duration = Self.duration(text), duration > .zero else {
                throw Refusal(allowed: "a time such as \"24h\" (units s, m, h, d), or false")
            }
            return duration
        }
    }

    private static func duration(_ text: String) -> Duration? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ units[$0] }), (1...6).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(digits)
        else { return nil }
        return .seconds(number * unit)
    }
}
