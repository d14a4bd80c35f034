/// What a zone's clocks showed and will show: a TZif file (RFC 8536, versions 1 to 4).
package struct TimeZoneRules: Equatable, Sendable {
    /// One change of offset.
    struct Transition: Equatable, Sendable {
        let at: Int64
        let before: Int
        let after: Int
    }

    /// Local seconds (as if they were UTC) as instants.
    package enum Resolution: Equatable, Sendable {
        case unique(Int64)
        /// The clocks were turned back over it.
        case repeated(first: Int64, second: Int64)
        /// The clocks were turned forward over it, at this instant.
        case skipped(at: Int64)
    }

    package static let utc = TimeZoneRules(times: [], offsets: [], initialOffset: 0, footer: nil)

    /// Ascending; the offset that begins at each stands at the same place in `offsets`.
    private let times: [Int64]
    private let offsets: [Int32]
    private let initialOffset: Int
    /// For what comes after the last transition. Nil: nothing changes any more.
    private let footer: POSIXTimeZone?

    /// More than any zone's offset, in seconds: what is local now is UTC within this.
    static let maxOffset: Int64 = 26 * 3600

    /// A rule as `TZ` may have it: `CET-1CEST,M3.5.0,M10.5.0/3`.
    package init?(posix text: String) {
        guard text.utf8.count <= 128, let rules = POSIXTimeZone(text) else { return nil }
        self.init(times: [], offsets: [], initialOffset: rules.standardOffset, footer: rules)
    }

    init(times: [Int64], offsets: [Int32], initialOffset: Int, footer: POSIXTimeZone?) {
        self.times = times
        self.offsets = offsets
        self.initialOffset = initialOffset
        self.footer = footer
    }

    /// Seconds east of UTC.
    package func offset(at seconds: Int64) -> Int {
        let count = transitionCount(upTo: seconds)
        if count == times.count, let footer { return footer.offset(at: seconds) }
        return count == 0 ? initialOffset : Int(offsets[count - 1])
    }

    package func resolve(local: Int64) -> Resolution {
        var begin = local - Self.maxOffset
        var current = offset(at: begin)
        var found: [Int64] = []
        while true {
            let next = nextTransition(after: begin)
            let instant = local - Int64(current)
            if instant >= begin, next.map({ instant < $0.at }) ?? true { found.append(instant) }
            guard let next, next.at <= local + Self.maxOffset else { break }
            if local >= next.at + Int64(next.before), local < next.at + Int64(next.after), found.isEmpty {
                return .skipped(at: next.at)
            }
            begin = next.at
            current = next.after
        }
        switch found.count {
        case 0: return .unique(local - Int64(current))
        case 1: return .unique(found[0])
        default: return .repeated(first: found[0], second: found[1])
        }
    }

    /// The next change of offset; nil when there is none any more.
    func nextTransition(after seconds: Int64) -> Transition? {
        var index = transitionCount(upTo: seconds)
        while index < times.count {
            let before = index == 0 ? initialOffset : Int(offsets[index - 1])
            if before != Int(offsets[index]) {
                return Transition(at: times[index], before: before, after: Int(offsets[index]))
            }
            index += 1
        }
        return footer?.nextTransition(after: max(seconds, times.last ?? Int64.min / 4))
    }

    /// The last change of offset at or before an instant, when it is not longer ago than a day and a bit.
    func recentTransition(upTo seconds: Int64) -> Transition? {
        var last: Transition?
        var begin = seconds - Self.maxOffset
        while let next = nextTransition(after: begin), next.at <= seconds {
            last = next
            begin = next.at
        }
        return last
    }

    /// How many transitions are not later.
    private func transitionCount(upTo seconds: Int64) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension TimeZoneRules {
    package static let maxNameBytes = 64

    /// Whether a text can name a zone: then it is also a safe path below the directory of zones.
    package static func isName(_ text: String) -> Bool {
        guard (1...maxNameBytes).contains(text.utf8.count) else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, isLetterOrDigit(first) else { return false }
            return part.utf8.allSatisfy {
                isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
            }
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
}
