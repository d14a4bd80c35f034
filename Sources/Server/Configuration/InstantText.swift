internal import Glibc

/// Times for people and other programs.
enum InstantText {
    /// `2026-11-21T20:49:19.123Z` (RFC 3339).
    static func utc(_ ms: Int64) -> String {
        var seconds = time_t(ms / 1000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let day = unsafe "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let time = unsafe "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
        return "\(day)T\(time).\(digits(ms % 1000, 3))Z"
    }
}
