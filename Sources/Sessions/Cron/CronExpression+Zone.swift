extension CronExpression {
    /// The next instant after `seconds` (since 1970) at which the expression fires in a zone.
    ///
    /// Where clocks change: an expression whose hour field begins with `*` follows real time, so what a gap skips is
    /// left out and what is repeated fires again. Any other expression names times of day, each of which happens once:
    /// in a gap at its end, all of them together; in a repeated hour the first time only.
    package func next(after seconds: Int64, in zone: TimeZoneRules) -> Int64? {
        hour.isWildcard ? nextInRealTime(after: seconds, in: zone) : nextTimeOfDay(after: seconds, in: zone)
    }

    private func nextInRealTime(after seconds: Int64, in zone: TimeZoneRules) -> Int64? {
        var begin = seconds + 1
        // Each round but the last crosses a change of offset; a zone has few of them in a year.
        for _ in 0..<Self.horizonYears * 12 {
            let offset = Int64(zone.offset(at: begin))
            guard let local = firstMatch(from: begin + offset) else { return nil }
            guard let change = zone.nextTransition(after: begin), local - offset >= change.at else {
                return local - offset
            }
            // Between here and the match nothing matches, whatever the offset, save close to it.
            begin = max(change.at, local - TimeZoneRules.maxOffset)
        }
        return nil
    }

    private func nextTimeOfDay(after seconds: Int64, in zone: TimeZoneRules) -> Int64? {
        var local = seconds + Int64(zone.offset(at: seconds)) + 1
        // What the clocks show a second time has been dealt with.
        if let change = zone.recentTransition(upTo: seconds) { local = max(local, change.at + Int64(change.before)) }
        while let match = firstMatch(from: local) {
            switch zone.resolve(local: match) {
            case .unique(let instant), .repeated(let instant, _), .skipped(let instant):
                if instant > seconds { return instant }
            }
            local = match + 1
        }
        return nil
    }
}
