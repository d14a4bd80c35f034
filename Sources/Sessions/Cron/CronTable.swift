/// Jobs, when each is due, and what runs.
///
/// Time and zones come in; what is due comes out. Whoever calls it makes each change durable before acting on it, so
/// that a firing that began is known after a crash.
package struct CronTable: Sendable {
    package struct Settings: Equatable, Sendable {
        /// False: nothing fires by itself. Jobs can be changed, and run by hand.
        package var isEnabled = true
        package var maxConcurrentRuns = 1
        /// Firings that fell into a downtime are left out instead of made up for once.
        package var skipMissedJobs = false

        package init() {}
    }

    package static let maxJobs = 1000
    /// After the first, second, … error in a row; the last goes on.
    package static let backoffMs: [Int64] = [30_000, 60_000, 300_000, 900_000, 3_600_000]
    /// How often a one-shot job is tried again after an error.
    package static let maxOneShotRetries = 3

    package var settings: Settings
    package private(set) var jobs: [String: CronJob] = [:]
    /// Those that have not ended, by run id.
    package private(set) var runs: [String: CronRun] = [:]
    /// In the order in which they were asked for.
    private var manualQueue: [String] = []
    /// Rules by the zone's name; `hostZone` for jobs without one.
    private var zones: [String: TimeZoneRules] = ["UTC": .utc]
    private var hostZone = TimeZoneRules.utc
    private var earliestMs: Int64?

    package init(settings: Settings = Settings()) {
        self.settings = settings
    }

    // MARK: - Zones

    package mutating func setHostZone(_ rules: TimeZoneRules) { hostZone = rules }

    package mutating func setZone(_ name: String, _ rules: TimeZoneRules) { zones[name] = rules }

    /// Whether everything is known that a schedule needs.
    package func knowsZone(of schedule: CronSchedule) -> Bool {
        schedule.tz.map { zones[$0] != nil } ?? true
    }

    private func next(_ job: CronJob, after ms: Int64) -> Int64? {
        guard let zone = job.schedule.tz.map({ zones[$0] }) ?? hostZone else { return nil }
        return job.schedule.next(after: ms, id: job.id, zone: zone)
    }

    // MARK: - Reading

    package func run(ofJob jobID: String) -> CronRun? { runs.values.first { $0.jobID == jobID } }

    /// When something is due next; nil when nothing will be.
    package var nextWakeMs: Int64? { settings.isEnabled ? earliestMs : nil }

    // MARK: - Changing

    /// Puts a new or changed job. A changed schedule starts anew; otherwise what was due stays due.
    package mutating func put(_ job: CronJob, nowMs: Int64) -> CronJob {
        var job = job
        let before = jobs[job.id]
        job.state = before?.state ?? job.state
        if !job.isEnabled {
            job.state.nextRunAtMs = nil
        } else if before.map({ $0.schedule != job.schedule || !$0.isEnabled }) ?? true {
            job.state.consecutiveErrors = 0
            job.state.nextRunAtMs = next(job, after: nowMs)
            // A one-shot whose time was a moment ago is due; under another id than before.
            if case .at(let atMs) = job.schedule { job.state.nextRunAtMs = before == nil ? atMs : max(atMs, nowMs) }
        }
        store(job)
        return job
    }

    /// - Returns: the job, and its runs that will not begin any more. One that is under way goes on.
    package mutating func remove(_ id: String) -> (job: CronJob, dropped: [CronRun])? {
        guard let job = jobs.removeValue(forKey: id) else { return nil }
        let dropped = runs.values.filter { $0.jobID == id && $0.phase == .queued }.sorted { $0.runID < $1.runID }
        for run in dropped { drop(run.runID) }
        noteEarliest()
        return (job, dropped)
    }

    /// Takes a change back that could not be made durable. Nil: there was no such job.
    package mutating func reinstate(_ id: String, _ job: CronJob?) {
        jobs[id] = job
        noteEarliest()
    }

    /// A run that could not be made durable: nobody has seen it.
    package mutating func withdraw(_ runID: String) { drop(runID) }

    /// What the store holds, before anything else. Firings that were missed become due, or are left out.
    ///
    /// - Returns: jobs that are different from what the store holds.
    package mutating func restore(_ restored: [CronJob], _ unended: [CronRun], nowMs: Int64) -> [CronJob] {
        for run in unended.sorted(by: { ($0.scheduledMs, $0.runID) < ($1.scheduledMs, $1.runID) }) {
            runs[run.runID] = run
            if run.isManual, run.phase == .queued { manualQueue.append(run.runID) }
        }
        var changed: [CronJob] = []
        for var job in restored {
            let before = job
            job.state.runningAtMs = run(ofJob: job.id)?.startedAtMs
            if job.isEnabled, !knowsZone(of: job.schedule) {
                job.state.nextRunAtMs = nil
                job.state.lastError = "time zone \(job.schedule.tz ?? "") cannot be read: the job does not fire"
            } else if job.isEnabled, let dueMs = job.state.nextRunAtMs, dueMs <= nowMs, settings.skipMissedJobs,
                settings.isEnabled
            {
                skip(&job, dueMs, nowMs: nowMs)
            } else if job.isEnabled, job.state.nextRunAtMs == nil, !job.isOneShot, run(ofJob: job.id) == nil {
                // The zone was not there the last time.
                job.state.nextRunAtMs = next(job, after: nowMs)
            }
            jobs[job.id] = job
            if job != before { changed.append(job) }
        }
        noteEarliest()
        return changed.sorted { $0.id < $1.id }
    }

    private func skip(_ job: inout CronJob, _ dueMs: Int64, nowMs: Int64) {
        job.state.nextRunAtMs = next(job, after: nowMs)
        job.state.lastStatus = .skipped
        job.state.consecutiveSkipped += 1
        job.state.lastError = "missed at \(InstantSyntax.format(ms: dueMs)): the gateway was down (cron.skipMissedJobs)"
        if job.isOneShot { job.isEnabled = false }
    }

    // MARK: - Running

    /// Takes what is due and what was asked for, as far as there is room, and marks it as running.
    package mutating func begin(nowMs: Int64) -> [CronRun] {
        var begun: [CronRun] = []
        while runningCount < settings.maxConcurrentRuns, let run = nextToBegin(nowMs: nowMs) {
            var run = run
            run.phase = .running
            run.startedAtMs = nowMs
            runs[run.runID] = run
            manualQueue.removeAll { $0 == run.runID }
            if var job = jobs[run.jobID] {
                job.state.runningAtMs = nowMs
                // What is missed while it runs is left out; what it is after an error is said at its end.
                if !run.isManual { job.state.nextRunAtMs = next(job, after: nowMs) }
                store(job)
            }
            begun.append(run)
        }
        return begun
    }

    /// Where a run happens.
    package mutating func note(_ runID: String, sessionKey: String, sessionID: String) {
        runs[runID]?.sessionKey = sessionKey
        runs[runID]?.sessionID = sessionID
    }

    private var runningCount: Int { runs.values.count { $0.phase == .running } }

    private func nextToBegin(nowMs: Int64) -> CronRun? {
        if let manual = manualQueue.lazy.compactMap({ runs[$0] }).first(where: { !isRunning($0.jobID) }) {
            return manual
        }
        guard let wakeMs = nextWakeMs, wakeMs <= nowMs else { return nil }
        let due = jobs.values.filter { job in
            job.isEnabled && job.state.nextRunAtMs.map { $0 <= nowMs } ?? false && run(ofJob: job.id) == nil
        }
        let first = due.min { ($0.state.nextRunAtMs ?? 0, $0.id) < ($1.state.nextRunAtMs ?? 0, $1.id) }
        return first.map { CronRun.scheduled($0, atMs: $0.state.nextRunAtMs ?? nowMs) }
    }

    private func isRunning(_ jobID: String) -> Bool {
        runs.values.contains { $0.jobID == jobID && $0.phase == .running }
    }

    package enum ManualRefusal: String, Error, Equatable, Sendable {
        case notDue = "not-due"
        case alreadyRunning = "already-running"
    }

    /// Somebody wants a run now. It leaves the schedule as it is.
    ///
    /// - Parameter onlyIfDue: what the schedule has not asked for is refused.
    package mutating func enqueue(
        _ job: CronJob, onlyIfDue: Bool, nowMs: Int64
    ) throws(ManualRefusal) -> CronRun {
        guard run(ofJob: job.id) == nil else { throw .alreadyRunning }
        let isDue = job.isEnabled && job.state.nextRunAtMs.map { $0 <= nowMs } ?? false
        guard isDue || !onlyIfDue else { throw .notDue }
        var number = 1
        while runs["manual:\(job.id):\(nowMs):\(number)"] != nil { number += 1 }
        let run = CronRun(
            runID: "manual:\(job.id):\(nowMs):\(number)", jobID: job.id, scheduledMs: nowMs, isManual: true)
        runs[run.runID] = run
        manualQueue.append(run.runID)
        return run
    }

    /// A run has ended.
    ///
    /// - Returns: the run as it was, and its job afterwards; `isRemoved` when it is done with. Nil for a run that is
    ///   not known.
    package mutating func finish(
        _ runID: String, _ outcome: CronOutcome, nowMs: Int64
    ) -> (run: CronRun, job: CronJob?, isRemoved: Bool)? {
        guard let run = runs[runID] else { return nil }
        drop(runID)
        guard var job = jobs[run.jobID] else { return (run, nil, false) }
        let startedAtMs = run.startedAtMs ?? nowMs
        job.state.runningAtMs = nil
        job.state.lastRunAtMs = startedAtMs
        job.state.lastStatus = outcome.status
        job.state.lastError = outcome.error
        job.state.lastDurationMs = max(0, nowMs - startedAtMs)
        job.state.lastDeliveryStatus = outcome.deliveryStatus
        job.state.lastDeliveryError = outcome.deliveryError
        job.state.consecutiveErrors = outcome.status == .error ? job.state.consecutiveErrors + 1 : 0
        job.state.consecutiveSkipped = outcome.status == .skipped ? job.state.consecutiveSkipped + 1 : 0
        var isRemoved = false
        if !run.isManual { isRemoved = reschedule(&job, outcome, nowMs: nowMs) }
        if isRemoved { jobs[job.id] = nil } else { jobs[job.id] = job }
        noteEarliest()
        return (run, job, isRemoved)
    }

    /// - Returns: whether the job is done with.
    private func reschedule(_ job: inout CronJob, _ outcome: CronOutcome, nowMs: Int64) -> Bool {
        // Changed while it ran, to something later: that stands.
        let changedMs = job.isOneShot ? job.state.nextRunAtMs : nil
        guard outcome.status == .error else {
            if outcome.status == .ok, job.isDeletedAfterRun, changedMs == nil { return true }
            if job.isOneShot {
                job.isEnabled = job.isEnabled && changedMs != nil
            } else if job.isEnabled {
                job.state.nextRunAtMs = next(job, after: nowMs)
            }
            return false
        }
        guard job.isEnabled, changedMs == nil else { return false }
        let retryMs = nowMs + Self.backoffMs[min(job.state.consecutiveErrors, Self.backoffMs.count) - 1]
        if !job.isOneShot {
            job.state.nextRunAtMs = next(job, after: nowMs).map {
                outcome.isUnbegun ? min($0, retryMs) : max($0, retryMs)
            }
        } else if job.state.consecutiveErrors <= Self.maxOneShotRetries {
            job.state.nextRunAtMs = retryMs
        } else {
            job.isEnabled = false
        }
        return false
    }

    private mutating func drop(_ runID: String) {
        runs[runID] = nil
        manualQueue.removeAll { $0 == runID }
    }

    private mutating func store(_ job: CronJob) {
        jobs[job.id] = job
        noteEarliest()
    }

    private mutating func noteEarliest() {
        earliestMs = jobs.values.lazy.filter(\.isEnabled).compactMap(\.state.nextRunAtMs).min()
    }
}
