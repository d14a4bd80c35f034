import Testing

@testable import Store

@Suite("Cron jobs and their runs")
struct CronTests {
    private let directory = TemporaryDirectory()

    private static func job(_ id: String, nextRunAtMs: Int64? = 5) -> CronJobRecord {
        CronJobRecord(
            id: id, json: Array("{\"id\":\"\(id)\"}".utf8), enabled: nextRunAtMs != nil, nextRunAtMs: nextRunAtMs,
            updatedAtMs: 7)
    }

    private static func run(_ number: Int, of job: String = "a", status: String = "ok", ended: Bool = true)
        -> CronRunRecord
    {
        CronRunRecord(
            id: "cron:\(job):\(number)", jobId: job, status: status, scheduledMs: Int64(number),
            startedAtMs: Int64(number), finishedAtMs: ended ? Int64(number) + 1 : nil,
            deliveryStatus: number % 2 == 0 ? "delivered" : nil, summary: "run \(number)",
            error: status == "ok" ? nil : "Exit 50%_\\", json: [1, 0, 2])
    }

    private func page(_ store: SQLiteStore, _ adjust: (inout CronRunFilter) -> Void = { _ in }) async throws
        -> CronRunPage
    {
        var filter = CronRunFilter()
        adjust(&filter)
        guard case .cronRuns(let page) = try await store.ask(.cronRuns(filter)) else { throw StoreError.closed }
        return page
    }

    @Test("jobs and runs that have not ended are there at the next start, as they were put")
    func snapshot() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([
            .putCronJob(Self.job("b", nextRunAtMs: nil)), .putCronJob(Self.job("a")), .putCronJob(Self.job("gone")),
            .putCronRun(Self.run(1)), .putCronRun(Self.run(2, status: "running", ended: false)),
        ])
        try await store.commit([.removeCronJob(id: "gone"), .putCronJob(Self.job("a", nextRunAtMs: 6))])
        store.close()

        let next = try SQLiteStore(path: directory.database)
        let snapshot = try next.load(nowMs: 0)
        var (a, b, run) = (
            Self.job("a", nextRunAtMs: 6), Self.job("b", nextRunAtMs: nil), Self.run(2, status: "running", ended: false)
        )
        (a.revision, b.revision, run.revision) = (2, 1, 1)
        #expect(snapshot.cronJobs == [a, b])
        #expect(snapshot.cronRuns == [run])
        try await next.commit([.removeCronRun(id: run.id)])
        #expect(try next.load(nowMs: 0).cronRuns == [])
    }

    @Test("a firing is written once: the second of two is refused with all that came with it")
    func once() async throws {
        let store = try SQLiteStore(path: directory.database)
        let run = Self.run(1, status: "running", ended: false)
        try await store.commit([.putCronRun(run, expectedRevision: 0)])
        await #expect(throws: StoreError.revisionConflict(record: "cron run cron:a:1")) {
            try await store.commit([.putCronJob(Self.job("a")), .putCronRun(run, expectedRevision: 0)])
        }
        #expect(try store.load(nowMs: 0).cronJobs == [])
    }

    @Test("the log is read by job, run, status and text, in pages of either order")
    func log() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((1...9).map { .putCronRun(Self.run($0)) })
        try await store.commit([
            .putCronRun(Self.run(20, status: "error")), .putCronRun(Self.run(30, of: "b")),
            .putCronRun(Self.run(40, of: "b", status: "running", ended: false)),
        ])
        #expect(try await page(store).total == 11)
        #expect(try await page(store).runs.first?.id == "cron:b:30")
        #expect(try await page(store) { $0.jobId = "b" }.runs.map(\.id) == ["cron:b:30"])
        #expect(try await page(store) { $0.runId = "cron:a:3" }.runs.map(\.summary) == ["run 3"])
        #expect(try await page(store) { $0.statuses = ["error", "skipped"] }.runs.map(\.id) == ["cron:a:20"])
        #expect(try await page(store) { ($0.jobId, $0.deliveryStatuses) = ("a", ["delivered", "unknown"]) }.total == 5)
        #expect(try await page(store) { $0.text = "EXIT 50%_\\" }.runs.map(\.id) == ["cron:a:20"])
        #expect(try await page(store) { $0.text = "' OR 1=1 --" }.total == 0)
        let second = try await page(store) {
            ($0.jobId, $0.limit, $0.offset, $0.newestFirst) = ("a", 3, 3, false)
        }
        #expect(second.runs.map(\.scheduledMs) == [4, 5, 6])
        #expect(second.total == 10)
        #expect(try await page(store) { $0.limit = -1 } == CronRunPage(total: 11))
    }

    @Test("the log keeps the newest runs of each job, and none for ever")
    func retention() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit(
            (1...50).map { .putCronRun(Self.run($0)) } + (1...5).map { .putCronRun(Self.run($0, of: "b")) })
        try await store.commit([
            .putCronRun(Self.run(99, status: "running", ended: false)), .trimCronRuns(jobId: "a", keepLast: 10),
        ])
        #expect(try await page(store) { $0.jobId = "a" }.total == 10)
        #expect(try await page(store) { ($0.jobId, $0.newestFirst) = ("a", false) }.runs.first?.scheduledMs == 41)
        #expect(try await page(store) { $0.jobId = "b" }.total == 5)
        try await store.commit([.trimCronRuns(jobId: "a", keepLast: 10), .trimCronRuns(jobId: "none", keepLast: 0)])
        #expect(try await page(store) { $0.jobId = "a" }.total == 10)
        try await store.commit([.purge(.cronRuns, beforeMs: 45)])
        #expect(try await page(store).total == 7)
        #expect(try store.load(nowMs: 0).cronRuns.count == 1)
    }
}
