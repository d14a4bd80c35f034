/// How often one device at one address may change the configuration (wire protocol, section 4.5).
struct ControlPlaneLimiter: Sendable {
    static let maxCalls = 30
    static let windowMs: Int64 = 60_000
    /// Beyond this many callers those without a call in the window are forgotten, then everybody.
    static let maxCallers = 1024

    struct Caller: Hashable, Sendable {
        let method: String
        let device: String?
        let address: String?
    }

    private var calls: [Caller: [Int64]] = [:]

    /// - Returns: nil when the call is within the limit, and counted; else after how long the next one is.
    mutating func admit(_ caller: Caller, nowMs: Int64) -> Int64? {
        if calls.count >= Self.maxCallers, calls[caller] == nil {
            calls = calls.filter { $0.value.contains { nowMs - $0 < Self.windowMs } }
            if calls.count >= Self.maxCallers { calls = [:] }
        }
        var recent = (calls[caller] ?? []).filter { nowMs - $0 < Self.windowMs }
        defer { calls[caller] = recent }
        if recent.count >= Self.maxCalls, let oldest = recent.first { return oldest + Self.windowMs - nowMs }
        recent.append(nowMs)
        return nil
    }
}
