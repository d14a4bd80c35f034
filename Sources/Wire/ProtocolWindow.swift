/// Protocol versions that we speak. Both, for every client: releases of June 2026 refuse operators that offer only 3,
/// and the clients on PyPI offer nothing else.
package enum ProtocolWindow {
    package static let oldest = 3
    package static let newest = 4

    /// The highest version both sides speak; nil when the windows do not overlap.
    package static func negotiate(min: Int64, max: Int64) -> Int? {
        guard min <= max, max >= oldest, min <= newest else { return nil }
        return Int(Swift.min(max, Int64(newest)))
    }
}
