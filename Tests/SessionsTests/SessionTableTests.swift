import Sessions
import Testing

@Suite("Sessions and runs: event, now, expected")
struct SessionTableTests {
    enum Event: Sendable {
        case spawn(Run)
        case promote(String, max: Int)
        case attach(String)
        case launchFailed(String)
        case end(String, RunEnd.Status)
        case overdue
        case withdraw(String)
        case forget
        case removeSession(String)
    }

    struct Step: Sendable {
        let event: Event
        let nowMs: Int64
        let expected: String

        init(_ event: Event, at nowMs: Int64, _ expected: String) {
            self.event = event
            self.nowMs = nowMs
            self.expected = expected
        }
    }

    struct Sequence: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [Step]

        init(_ testDescription: String, _ steps: [Step]) {
            self.testDescription = testDescription
            self.steps = steps
        }
    }

    static func apply(_ event: Event, at nowMs: Int64, to table: inout SessionTable) -> String {
        switch event {
        case .spawn(let run):
            table.insert(Sample.session(run.sessionKey, parent: run.requesterKey, depth: 1))
            table.insert(run)
            return describe(run.runID, in: table)
        case .promote(let requester, let max):
            return table.promote(requesterKey: requester, maxConcurrent: max, nowMs: nowMs).map(\.runID)
                .joined(separator: " ")
        case .attach(let id):
            let isWelcome = table.attached(id, nowMs: nowMs)
            return (isWelcome ? "yes, " : "no, ") + describe(id, in: table)
        case .launchFailed(let id):
            switch table.launchFailed(id, nowMs: nowMs) {
            case .relaunch(let run): return "again, " + describe(run.runID, in: table)
            case .giveUp: return "give up"
            }
        case .end(let id, let status):
            return table.end(id, Sample.end(status, atMs: nowMs)) == nil ? "ignored" : describe(id, in: table)
        case .overdue:
            let late = table.overdue(nowMs: nowMs)
            return "launches \(late.launches.map(\.runID)), runs \(late.runs.map(\.runID))"
        case .withdraw(let id):
            table.withdraw(id)
            return describe(id, in: table)
        case .forget:
            table.forgetOldRuns(nowMs: nowMs)
            return table.runs.keys.sorted().joined(separator: " ")
        case .removeSession(let key):
            return table.removeSession(key)?.key ?? "none"
        }
    }

    static func describe(_ id: String, in table: SessionTable) -> String {
        switch table.runs[id]?.phase {
        case nil: "unknown"
        case .queued: "queued"
        case .launching(let attempt, let deadlineMs): "launching \(attempt) until \(deadlineMs)"
        case .running(nil): "running"
        case .running(let deadlineMs?): "running until \(deadlineMs)"
        case .ended(let end): "\(end.status) at \(end.endedAtMs)"
        }
    }

    static let sequences = [
        Sequence(
            "a run is queued, launched, attached and ended",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"),
                Step(.promote("main", max: 8), at: 10, "a"),
                Step(.overdue, at: 10, "launches [], runs []"),
                Step(.attach("a"), at: 20, "yes, running"),
                Step(.promote("main", max: 8), at: 30, ""),
                Step(.end("a", .ok), at: 40, "ok at 40"),
            ]),
        Sequence(
            "free places go to the oldest, and a place is free again when a run ends",
            [
                Step(.spawn(Sample.run("c")), at: 0, "queued"), Step(.spawn(Sample.run("a")), at: 1, "queued"),
                Step(.spawn(Sample.run("b")), at: 2, "queued"),
                Step(.promote("main", max: 2), at: 3, "c a"),
                Step(.promote("main", max: 2), at: 4, ""),
                Step(.attach("c"), at: 5, "yes, running"),
                Step(.promote("main", max: 2), at: 6, ""),
                Step(.end("a", .error), at: 7, "error at 7"),
                Step(.promote("main", max: 2), at: 8, "b"),
            ]),
        Sequence(
            "maxConcurrent counts each controlling session for itself",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"),
                Step(.promote("main", max: 1), at: 1, "a"),
                Step(.spawn(Sample.run("b", by: "session of a")), at: 2, "queued"),
                Step(.promote("session of a", max: 1), at: 3, "b"),
                Step(.spawn(Sample.run("c", by: "session of a")), at: 4, "queued"),
                Step(.promote("session of a", max: 1), at: 5, ""),
                Step(.promote("main", max: 1), at: 6, ""),
            ]),
        Sequence(
            "nothing is launched without a place",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"), Step(.promote("main", max: 0), at: 1, ""),
                Step(.promote("nobody", max: 8), at: 1, ""),
            ]),
        Sequence(
            "attaching again changes nothing, not even the deadline",
            [
                Step(.spawn(Sample.run("a", timeoutSeconds: 5)), at: 0, "queued"),
                Step(.attach("a"), at: 1, "no, queued"),
                Step(.promote("main", max: 8), at: 2, "a"),
                Step(.attach("a"), at: 1000, "yes, running until 6000"),
                Step(.attach("a"), at: 3000, "yes, running until 6000"),
                Step(.end("a", .ok), at: 4000, "ok at 4000"),
                Step(.attach("a"), at: 4001, "no, ok at 4000"),
                Step(.attach("nobody"), at: 4002, "no, unknown"),
            ]),
        Sequence(
            "a run ends once; what comes later is ignored",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"), Step(.promote("main", max: 8), at: 1, "a"),
                Step(.attach("a"), at: 2, "yes, running"),
                Step(.end("a", .killed), at: 3, "killed at 3"),
                Step(.end("a", .ok), at: 4, "ignored"),
                Step(.launchFailed("a"), at: 5, "give up"),
                Step(.end("nobody", .ok), at: 6, "ignored"),
                Step(.attach("a"), at: 7, "no, killed at 3"),
            ]),
        Sequence(
            "a queued run and one that is being launched can be ended too",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"), Step(.end("a", .killed), at: 1, "killed at 1"),
                Step(.spawn(Sample.run("b")), at: 2, "queued"), Step(.promote("main", max: 8), at: 3, "b"),
                Step(.end("b", .timeout), at: 4, "timeout at 4"),
                Step(.overdue, at: 100_000, "launches [], runs []"),
            ]),
        Sequence(
            "a worker that does not attach is replaced once",
            [
                Step(.spawn(Sample.run("a", spawnTimeoutMs: 100)), at: 0, "queued"),
                Step(.promote("main", max: 8), at: 10, "a"),
                Step(.overdue, at: 109, "launches [], runs []"),
                Step(.overdue, at: 110, "launches [\"a\"], runs []"),
                Step(.launchFailed("a"), at: 110, "again, launching 2 until 210"),
                Step(.overdue, at: 209, "launches [], runs []"),
                Step(.overdue, at: 210, "launches [\"a\"], runs []"),
                Step(.launchFailed("a"), at: 210, "give up"),
                Step(.end("a", .error), at: 210, "error at 210"),
                Step(.overdue, at: 9999, "launches [], runs []"),
            ]),
        Sequence(
            "the second worker may still attach, with the whole time of the run",
            [
                Step(.spawn(Sample.run("a", timeoutSeconds: 1, spawnTimeoutMs: 100)), at: 0, "queued"),
                Step(.promote("main", max: 8), at: 0, "a"),
                Step(.launchFailed("a"), at: 100, "again, launching 2 until 200"),
                Step(.attach("a"), at: 199, "yes, running until 1199"),
                Step(.launchFailed("a"), at: 200, "give up"),
                Step(.overdue, at: 1198, "launches [], runs []"),
                Step(.overdue, at: 1199, "launches [], runs [\"a\"]"),
            ]),
        Sequence(
            "a run without a timeout is never overdue",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"), Step(.promote("main", max: 8), at: 0, "a"),
                Step(.attach("a"), at: 0, "yes, running"),
                Step(.overdue, at: .max, "launches [], runs []"),
            ]),
        Sequence(
            "a queued run has no deadline: waiting does not eat into its time",
            [
                Step(.spawn(Sample.run("a", timeoutSeconds: 1, spawnTimeoutMs: 1)), at: 0, "queued"),
                Step(.overdue, at: 1_000_000, "launches [], runs []"),
            ]),
        Sequence(
            "a withdrawn run leaves nothing behind and frees its place",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"), Step(.promote("main", max: 1), at: 0, "a"),
                Step(.spawn(Sample.run("b")), at: 1, "queued"),
                Step(.withdraw("a"), at: 2, "unknown"),
                Step(.removeSession("session of a"), at: 2, "none"),
                Step(.withdraw("a"), at: 3, "unknown"),
                Step(.promote("main", max: 1), at: 4, "b"),
            ]),
        Sequence(
            "an ended run is forgotten an hour later, when its session is gone",
            [
                Step(.spawn(Sample.run("a")), at: 0, "queued"), Step(.spawn(Sample.run("b")), at: 0, "queued"),
                Step(.end("a", .ok), at: 1000, "ok at 1000"),
                Step(.removeSession("session of a"), at: 1000, "session of a"),
                Step(.removeSession("session of b"), at: 1000, "session of b"),
                Step(.forget, at: 3_600_999, "a b"),
                Step(.forget, at: 3_601_000, "b"),
                Step(.forget, at: .max / 2, "b"),
            ]),
    ]

    @Test("a sequence of events", arguments: sequences)
    func sequence(_ sequence: Sequence) {
        var table = SessionTable()
        table.insert(Sample.session("main"))
        for (index, step) in sequence.steps.enumerated() {
            #expect(Self.apply(step.event, at: step.nowMs, to: &table) == step.expected, "step \(index)")
        }
    }

    @Test("a run whose session stays is not forgotten")
    func kept() {
        var table = SessionTable()
        _ = Self.apply(.spawn(Sample.run("a")), at: 0, to: &table)
        _ = table.end("a", Sample.end(atMs: 0))
        table.forgetOldRuns(nowMs: .max / 2)
        #expect(table.run(ofSession: "session of a")?.runID == "a")
    }

    @Test("runs below a session: at any depth, parents first, without ended ones and strangers")
    func runsBelow() {
        var table = SessionTable()
        for run in [
            Sample.run("a"), Sample.run("b"), Sample.run("aa", by: "session of a"),
            Sample.run("aaa", by: "session of aa"), Sample.run("x", by: "elsewhere"),
        ] {
            _ = Self.apply(.spawn(run), at: 0, to: &table)
        }
        #expect(table.runsBelow("main").map(\.runID) == ["a", "b", "aa", "aaa"])
        #expect(table.runsBelow("session of a").map(\.runID) == ["aa", "aaa"])
        #expect(table.runsBelow("session of aaa").isEmpty)
        #expect(table.children(of: "main") == ["session of a", "session of b"])
        _ = table.end("b", Sample.end(atMs: 1))
        #expect(table.runsBelow("main").map(\.runID) == ["a", "aa", "aaa"])
        #expect(table.activeChildren(of: "main").map(\.runID) == ["a"])
        #expect(table.unendedRuns.map(\.runID) == ["a", "aa", "aaa", "x"])
    }

    @Test("a spawned session is archived after its agent's minutes; 0 disables, primary sessions stay")
    func archiving() {
        var table = SessionTable()
        table.insert(Sample.session("main"))
        _ = Self.apply(.spawn(Sample.run("a")), at: 0, to: &table)
        _ = Self.apply(.spawn(Sample.run("b")), at: 0, to: &table)
        #expect(table.archivable(nowMs: .max / 2, afterMinutes: { _ in 1 }).isEmpty)
        _ = table.end("a", Sample.end(atMs: 1000))
        #expect(table.archivable(nowMs: 60_999, afterMinutes: { _ in 1 }).isEmpty)
        #expect(table.archivable(nowMs: 61_000, afterMinutes: { _ in 1 }) == ["session of a"])
        #expect(table.archivable(nowMs: .max / 2, afterMinutes: { _ in 0 }).isEmpty)
    }

    @Test("attaching and ending are seen in the session's updatedAt")
    func touched() {
        var table = SessionTable()
        _ = Self.apply(.spawn(Sample.run("a")), at: 0, to: &table)
        _ = table.promote(requesterKey: "main", maxConcurrent: 1, nowMs: 5)
        _ = table.attached("a", nowMs: 10)
        #expect(table.sessions["session of a"]?.updatedAtMs == 10)
        #expect(table.runs["a"]?.startedAtMs == 10)
        _ = table.end("a", Sample.end(atMs: 20))
        #expect(table.sessions["session of a"]?.updatedAtMs == 20)
    }

    @Test("a run that was restored with its start keeps it, and its deadline counts from there")
    func restoredStart() {
        var table = SessionTable()
        var run = Sample.run("a", timeoutSeconds: 10)
        run.startedAtMs = 1000
        run.phase = .launching(attempt: SessionTable.maxLaunchAttempts, deadlineMs: 35_000)
        _ = Self.apply(.spawn(run), at: 5000, to: &table)
        #expect(Self.apply(.attach("a"), at: 6000, to: &table) == "yes, running until 11000")
        #expect(table.runs["a"]?.startedAtMs == 1000)
    }
}
