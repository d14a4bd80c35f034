import JSON
import Sessions
import Testing

@Suite("The table of cron jobs")
struct CronTableTests {
    static let start: Int64 = 1_772_323_200_000
    static let minute: Int64 = 60_000

    static func table(_ adjust: (inout CronTable.Settings) -> Void = { _ in }) -> CronTable {
        var settings = CronTable.Settings()
        adjust(&settings)
        return CronTable(settings: settings)
    }

    static func job(_ id: String = "a", _ schedule: CronSchedule = .every(everyMs: minute, anchorMs: start)) -> CronJob
    {
        CronJob(
            id: id, name: "job \(id)", schedule: schedule, target: .isolated,
            payload: .agentTurn(message: "work", timeoutSeconds: 0, options: JSONObject()), createdAtMs: start,
            updatedAtMs: start)
    }

    static let ok = CronOutcome(status: .ok, summary: "done")
    static let failed = CronOutcome(status: .error, error: "exit 1")

    @Test("a job fires when it is due, under an id of job and time, and not again while it runs")
    func fires() {
        var table = Self.table()
        #expect(table.put(Self.job(), nowMs: Self.start).state.nextRunAtMs == Self.start + Self.minute)
        #expect(table.nextWakeMs == Self.start + Self.minute)
        #expect(table.begin(nowMs: Self.start + Self.minute - 1) == [])
        let begun = table.begin(nowMs: Self.start + Self.minute + 7)
        #expect(begun.map(\.runID) == ["cron:a:\(Self.start + Self.minute)"])
        #expect(begun.first?.phase == .running)
        #expect(table.jobs["a"]?.state.runningAtMs == Self.start + Self.minute + 7)
        #expect(table.begin(nowMs: Self.start + 5 * Self.minute) == [])
        let end = table.finish(begun[0].runID, Self.ok, nowMs: Self.start + 5 * Self.minute + 1)
        #expect(end?.job?.state.lastStatus == .ok)
        #expect(end?.job?.state.lastDurationMs == 4 * Self.minute - 6)
        #expect(end?.job?.state.lastRunAtMs == Self.start + Self.minute + 7)
        #expect(end?.job?.state.runningAtMs == nil)
        // What was missed while it ran is left out.
        #expect(end?.job?.state.nextRunAtMs == Self.start + 6 * Self.minute)
        #expect(table.finish(begun[0].runID, Self.ok, nowMs: Self.start) == nil)
    }

    @Test("errors back off as documented, and a success begins anew")
    func backoff() throws {
        var table = Self.table()
        var nowMs = try #require(
            table.put(Self.job("a", .every(everyMs: 1000, anchorMs: Self.start)), nowMs: Self.start).state.nextRunAtMs)
        for (index, backoff) in [30_000, 60_000, 300_000, 900_000, 3_600_000, 3_600_000].enumerated()
            as EnumeratedSequence<[Int64]>
        {
            let run = try #require(table.begin(nowMs: nowMs).first)
            let job = try #require(table.finish(run.runID, Self.failed, nowMs: nowMs + 10)?.job)
            #expect(job.state.nextRunAtMs == nowMs + 10 + backoff)
            #expect(job.state.consecutiveErrors == index + 1)
            #expect(job.state.lastError == "exit 1")
            nowMs += 10 + backoff
        }
        let run = try #require(table.begin(nowMs: nowMs).first)
        let job = try #require(table.finish(run.runID, Self.ok, nowMs: nowMs + 10)?.job)
        #expect(job.state.consecutiveErrors == 0)
        #expect(job.state.lastError == nil)
        #expect(try #require(job.state.nextRunAtMs) - nowMs <= 1010)
    }

    @Test("a backoff shorter than the schedule changes nothing")
    func shortBackoff() throws {
        var table = Self.table()
        _ = table.put(Self.job("a", .every(everyMs: 3_600_000, anchorMs: Self.start)), nowMs: Self.start)
        let run = try #require(table.begin(nowMs: Self.start + 3_600_000).first)
        #expect(
            table.finish(run.runID, Self.failed, nowMs: Self.start + 3_600_001)?.job?.state.nextRunAtMs == Self.start
                + 7_200_000)
    }

    @Test("what never began is tried again after the backoff, however seldom the schedule")
    func unbegun() throws {
        var table = Self.table()
        _ = table.put(Self.job("a", .every(everyMs: 3_600_000, anchorMs: Self.start)), nowMs: Self.start)
        let run = try #require(table.begin(nowMs: Self.start + 3_600_000).first)
        var outcome = Self.failed
        outcome.isUnbegun = true
        #expect(
            table.finish(run.runID, outcome, nowMs: Self.start + 3_600_001)?.job?.state.nextRunAtMs == Self.start
                + 3_630_001)
    }

    @Test("a one-shot goes after a success, unless it is to be kept", arguments: [nil, true, false] as [Bool?])
    func oneShot(_ deleteAfterRun: Bool?) throws {
        var table = Self.table()
        var job = Self.job("a", .at(atMs: Self.start + 5))
        job.deleteAfterRun = deleteAfterRun
        _ = table.put(job, nowMs: Self.start)
        let run = try #require(table.begin(nowMs: Self.start + 5).first)
        let ended = table.finish(run.runID, Self.ok, nowMs: Self.start + 6)
        let end = try #require(ended)
        #expect(end.isRemoved == (deleteAfterRun ?? true))
        #expect((table.jobs["a"] == nil) == (deleteAfterRun ?? true))
        if let kept = table.jobs["a"] {
            #expect(!kept.isEnabled)
            #expect(kept.state.nextRunAtMs == nil)
        }
        #expect(table.nextWakeMs == nil)
    }

    @Test("a one-shot that fails is tried three times more, then disabled and kept")
    func oneShotRetries() throws {
        var table = Self.table()
        _ = table.put(Self.job("a", .at(atMs: Self.start + 5)), nowMs: Self.start)
        var nowMs = Self.start + 5
        for retry in CronTable.backoffMs.prefix(3) {
            let run = try #require(table.begin(nowMs: nowMs).first)
            #expect(table.finish(run.runID, Self.failed, nowMs: nowMs)?.job?.state.nextRunAtMs == nowMs + retry)
            nowMs += retry
        }
        let run = try #require(table.begin(nowMs: nowMs).first)
        _ = table.finish(run.runID, Self.failed, nowMs: nowMs)
        #expect(table.jobs["a"]?.isEnabled == false)
        #expect(table.jobs["a"]?.state.lastError == "exit 1")
        #expect(table.begin(nowMs: nowMs + 100 * Self.minute) == [])
    }

    @Test("what was missed while nobody ran happens once", arguments: [false, true])
    func missed(_ skips: Bool) throws {
        var table = Self.table()
        let every = table.put(Self.job("every"), nowMs: Self.start)
        let once = table.put(Self.job("once", .at(atMs: Self.start + 1)), nowMs: Self.start)
        let later = Self.start + 100 * Self.minute + 3
        var next = Self.table {
            $0.skipMissedJobs = skips
            $0.maxConcurrentRuns = 5
        }
        let changed = next.restore([every, once], [], nowMs: later)
        let begun = next.begin(nowMs: later)
        if skips {
            #expect(begun == [])
            #expect(changed.map(\.id) == ["every", "once"])
            #expect(next.jobs["once"]?.isEnabled == false)
            #expect(next.jobs["once"]?.state.lastStatus == .skipped)
            #expect(next.jobs["every"]?.state.nextRunAtMs == Self.start + 101 * Self.minute)
        } else {
            #expect(begun.map(\.runID) == ["cron:once:\(Self.start + 1)", "cron:every:\(Self.start + Self.minute)"])
            for run in begun { _ = next.finish(run.runID, Self.ok, nowMs: later) }
            #expect(next.begin(nowMs: later + 1) == [])
            #expect(next.jobs["every"]?.state.nextRunAtMs == Self.start + 101 * Self.minute)
            #expect(next.jobs["once"] == nil)
        }
    }

    @Test("a firing that was written before a crash is known after it, and does not happen again")
    func restartWhileRunning() throws {
        var table = Self.table()
        _ = table.put(Self.job(), nowMs: Self.start)
        let nowMs = Self.start + Self.minute
        let run = try #require(table.begin(nowMs: nowMs).first)
        let job = try #require(table.jobs["a"])

        var next = Self.table()
        _ = next.restore([job], [run], nowMs: nowMs + 10)
        #expect(next.runs[run.runID] == run)
        #expect(next.begin(nowMs: nowMs + 5 * Self.minute) == [])
        _ = next.finish(run.runID, Self.ok, nowMs: nowMs + 5 * Self.minute)
        #expect(next.begin(nowMs: nowMs + 6 * Self.minute).map(\.scheduledMs) == [nowMs + 6 * Self.minute])
    }

    @Test("no more run at a time than are allowed; the others wait in the order of their times")
    func concurrency() throws {
        var table = Self.table { $0.maxConcurrentRuns = 2 }
        for (id, shift) in [("a", 3), ("b", 2), ("c", 1)] as [(String, Int64)] {
            _ = table.put(Self.job(id, .at(atMs: Self.start + shift)), nowMs: Self.start)
        }
        let first = table.begin(nowMs: Self.start + 10)
        #expect(first.map(\.jobID) == ["c", "b"])
        #expect(table.begin(nowMs: Self.start + 11) == [])
        _ = table.finish(first[0].runID, Self.ok, nowMs: Self.start + 12)
        #expect(table.begin(nowMs: Self.start + 12).map(\.jobID) == ["a"])
    }

    @Test("a run by hand leaves the schedule alone, and waits for its place")
    func manual() throws {
        var table = Self.table()
        let job = table.put(Self.job("a", .at(atMs: Self.start + Self.minute)), nowMs: Self.start)
        #expect(throws: CronTable.ManualRefusal.notDue) { try table.enqueue(job, onlyIfDue: true, nowMs: Self.start) }
        let run = try table.enqueue(job, onlyIfDue: false, nowMs: Self.start + 5)
        #expect(run.runID == "manual:a:\(Self.start + 5):1")
        #expect(run.phase == .queued)
        #expect(throws: CronTable.ManualRefusal.alreadyRunning) {
            try table.enqueue(job, onlyIfDue: false, nowMs: Self.start)
        }
        #expect(table.begin(nowMs: Self.start + 5).map(\.runID) == [run.runID])
        let ended = table.finish(run.runID, Self.ok, nowMs: Self.start + 6)
        let end = try #require(ended)
        #expect(!end.isRemoved)
        #expect(end.job?.state.nextRunAtMs == Self.start + Self.minute)
        #expect(table.begin(nowMs: Self.start + Self.minute).map(\.isManual) == [false])
    }

    @Test("a run by hand that was acknowledged happens after a restart too, even where nothing fires by itself")
    func manualOverRestart() throws {
        var table = Self.table()
        let job = table.put(Self.job(), nowMs: Self.start)
        let run = try table.enqueue(job, onlyIfDue: false, nowMs: Self.start)
        var next = Self.table { $0.isEnabled = false }
        _ = next.restore([job], [run], nowMs: Self.start + 10 * Self.minute)
        #expect(next.begin(nowMs: Self.start + 10 * Self.minute).map(\.runID) == [run.runID])
        _ = next.finish(run.runID, Self.ok, nowMs: Self.start + 10 * Self.minute)
        #expect(next.begin(nowMs: Self.start + 10 * Self.minute) == [])
        #expect(next.nextWakeMs == nil)
    }

    @Test("a disabled job does not fire; enabled again it begins from now")
    func disabled() throws {
        var table = Self.table()
        var job = table.put(Self.job(), nowMs: Self.start)
        job.isEnabled = false
        #expect(table.put(job, nowMs: Self.start + 1).state.nextRunAtMs == nil)
        #expect(table.begin(nowMs: Self.start + 10 * Self.minute) == [])
        job.isEnabled = true
        #expect(table.put(job, nowMs: Self.start + 10 * Self.minute).state.nextRunAtMs == Self.start + 11 * Self.minute)
    }

    @Test("another name leaves what is due; another schedule does not")
    func changed() throws {
        var table = Self.table()
        var job = table.put(Self.job(), nowMs: Self.start)
        job.name = "new"
        #expect(table.put(job, nowMs: Self.start + 30_000).state.nextRunAtMs == Self.start + Self.minute)
        job.schedule = .every(everyMs: 7000, anchorMs: Self.start)
        #expect(table.put(job, nowMs: Self.start + 30_000).state.nextRunAtMs == Self.start + 35_000)
    }

    @Test("a removed job is gone; what runs goes on, what waits does not begin")
    func removed() throws {
        var table = Self.table()
        let (a, b) = (table.put(Self.job("a"), nowMs: Self.start), table.put(Self.job("b"), nowMs: Self.start))
        let running = try table.enqueue(a, onlyIfDue: false, nowMs: Self.start)
        _ = table.begin(nowMs: Self.start)
        let waiting = try table.enqueue(b, onlyIfDue: false, nowMs: Self.start)
        #expect(table.remove("a")?.dropped == [])
        #expect(table.remove("b")?.dropped == [waiting])
        #expect(table.remove("b") == nil)
        #expect(table.begin(nowMs: Self.start + 9 * Self.minute) == [])
        let ended = table.finish(running.runID, Self.ok, nowMs: Self.start + Self.minute)
        let end = try #require(ended)
        #expect(end.job == nil)
        #expect(table.runs.isEmpty)
    }

    @Test("a job whose zone is not there does not fire, and says why")
    func missingZone() throws {
        let expression = try CronExpression("0 9 * * *")
        let schedule = CronSchedule.cron(expression, text: "0 9 * * *", tz: "Europe/Berlin", staggerMs: nil)
        var table = Self.table()
        #expect(!table.knowsZone(of: schedule))
        #expect(table.restore([Self.job("a", schedule)], [], nowMs: Self.start).count == 1)
        #expect(table.jobs["a"]?.state.lastError == "time zone Europe/Berlin cannot be read: the job does not fire")
        #expect(table.nextWakeMs == nil)

        var next = Self.table()
        next.setZone("Europe/Berlin", try TimeZoneRules(tzif: try ZoneVectors.file("Europe/Berlin")))
        _ = next.restore([try #require(table.jobs["a"])], [], nowMs: Self.start)
        #expect(next.jobs["a"]?.state.nextRunAtMs == InstantSyntax.parse("2026-03-01T09:00:00+01:00"))
    }

    @Test("a job without a zone follows the host's")
    func hostZone() throws {
        var table = Self.table()
        table.setHostZone(try TimeZoneRules(tzif: try ZoneVectors.file("Asia/Kathmandu")))
        let schedule = CronSchedule.cron(try CronExpression("0 9 * * *"), text: "0 9 * * *", tz: nil, staggerMs: nil)
        #expect(
            table.put(Self.job("a", schedule), nowMs: Self.start).state.nextRunAtMs
                == InstantSyntax.parse("2026-03-01T09:00:00+05:45"))
    }

    @Test("whatever happens in whatever order, no firing happens twice and none that is due is forgotten")
    func randomWalk() throws {
        var generator = SplitMix(state: 5)
        for _ in 0..<200 {
            var table = Self.table { $0.maxConcurrentRuns = 2 }
            var nowMs = Self.start
            var seen: Set<String> = []
            for id in ["a", "b", "c"] {
                _ = table.put(
                    Self.job(id, .every(everyMs: 1000 + Int64(generator.next() % 5000), anchorMs: Self.start)),
                    nowMs: nowMs)
            }
            for _ in 0..<60 {
                nowMs += Int64(generator.next() % 3000)
                switch generator.next() % 4 {
                case 0:
                    // The gateway is killed: what was written is all that is known.
                    let (jobs, runs) = (Array(table.jobs.values), Array(table.runs.values))
                    table = Self.table { $0.maxConcurrentRuns = 2 }
                    _ = table.restore(jobs, runs, nowMs: nowMs)
                case 1:
                    if let run = table.runs.values.sorted(by: { $0.runID < $1.runID }).first {
                        _ = table.finish(run.runID, generator.next() % 3 == 0 ? Self.failed : Self.ok, nowMs: nowMs)
                    }
                default: break
                }
                for run in table.begin(nowMs: nowMs) {
                    #expect(seen.insert(run.runID).inserted, "\(run.runID) fired twice")
                    #expect(run.scheduledMs <= nowMs)
                }
                #expect(table.runs.count <= 2)
                for job in table.jobs.values { #expect(job.state.nextRunAtMs != nil) }
            }
            #expect(seen.count > 3)
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
