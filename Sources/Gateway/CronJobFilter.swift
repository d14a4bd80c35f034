internal import JSON
internal import Sessions
internal import Text
internal import Wire

/// Which jobs `cron.list` is asked for, and in which order.
struct CronJobFilter {
    private enum Order: String { case nextRunAtMs, updatedAtMs, name }

    private let enabled: Bool?
    private let text: String?
    private let kind: String?
    private let lastStatus: CronJobState.Status?
    private let agentID: String?
    private let sorting: Order
    private let isDescending: Bool

    init(_ reader: ParamReader) throws(ParamReader.Failure) {
        switch try reader.nonEmptyString("enabled") {
        case nil: enabled = try reader.bool("includeDisabled") ?? false ? nil : true
        case "all": enabled = nil
        case "enabled": enabled = true
        case "disabled": enabled = false
        default: throw reader.failure("enabled", "must be all, enabled or disabled")
        }
        text = try reader.nonEmptyString("query", maxBytes: 256)?.lowercased()
        kind = try reader.nonEmptyString("scheduleKind").flatMap { $0 == "all" ? nil : $0 }
        if let kind, !["at", "every", "cron"].contains(kind) {
            throw reader.failure("scheduleKind", "must be at, every or cron")
        }
        let status = try reader.nonEmptyString("lastRunStatus").flatMap { $0 == "all" ? nil : $0 }
        lastStatus = status.flatMap(CronJobState.Status.init(rawValue:))
        if status != nil, lastStatus == nil { throw reader.failure("lastRunStatus", "must be ok, error or skipped") }
        agentID = try reader.nonEmptyString("agentId")
        let order = try reader.nonEmptyString("sortBy") ?? Order.nextRunAtMs.rawValue
        guard let sorting = Order(rawValue: order) else {
            throw reader.failure("sortBy", "must be nextRunAtMs, updatedAtMs or name")
        }
        self.sorting = sorting
        isDescending = try GatewayCore.isDescending(reader) ?? false
    }

    func includes(_ job: CronJob) -> Bool {
        (enabled.map { job.isEnabled == $0 } ?? true) && (kind.map { job.schedule.json["kind"] == .string($0) } ?? true)
            && (lastStatus.map { job.state.lastStatus == $0 } ?? true) && (agentID.map { job.agentID == $0 } ?? true)
            && (text.map { text in
                [job.name, job.description ?? "", job.id].contains { $0.lowercased().contains(text) }
            } ?? true)
    }

    func order(_ left: CronJob, _ right: CronJob) -> Bool {
        let (first, second) = isDescending ? (right, left) : (left, right)
        switch sorting {
        case .nextRunAtMs:
            // What does not fire stands last.
            return (first.state.nextRunAtMs ?? .max, first.id) < (second.state.nextRunAtMs ?? .max, second.id)
        case .updatedAtMs: return (first.updatedAtMs, first.id) < (second.updatedAtMs, second.id)
        case .name: return (first.name, first.id) < (second.name, second.id)
        }
    }
}
