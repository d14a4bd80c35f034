internal import JSON

/// What `workers.list` tells that somebody should look at.
enum PoolChecks {
    /// A worker that is there says something every few seconds.
    private static let maxSilenceMs: Int64 = 60_000

    static func findings(_ list: JSON) -> [Finding] {
        let now = list["ts"]?.integer ?? 0
        let workers = (list["workers"]?.array ?? []).compactMap { finding($0, now: now) }
        return workers + (list["pools"]?.array ?? []).compactMap(finding)
    }

    private static func finding(_ worker: JSON, now: Int64) -> Finding? {
        let id = String((worker["workerId"]?.string ?? "").prefix(12))
        let called = "worker \(worker["name"]?.string ?? id) of pool \(worker["pool"]?.string ?? "")"
        let state = worker["state"]?.string
        let silence = now - (worker["lastSeenAtMs"]?.integer ?? now)
        if state == "away" || silence > maxSilenceMs {
            return Finding(.workerSilent, "\(called) was last heard of \(silence / 1000) s ago")
        }
        guard state == "draining" else { return nil }
        return Finding(
            .workerDrained, "\(called) is drained, with \(worker["running"]?.integer ?? 0) runs",
            fix: "sallyport workers drain \(id) --resume gives it runs again")
    }

    private static func finding(_ pool: JSON) -> Finding? {
        let name = pool["name"]?.string ?? ""
        let waiting = pool["waiting"]?.integer ?? 0
        guard pool["workers"]?.integer == 0 else { return nil }
        return Finding(
            waiting > 0 ? .poolStarved : .poolEmpty,
            "pool \(name) has no worker that takes runs" + (waiting > 0 ? ", and \(waiting) wait" : ""),
            fix: "start one: sallyport worker --pool \(name), as docs/workers.md says")
    }
}
