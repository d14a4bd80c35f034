import Foundation
import Testing

@testable import Store

private let commitCount = ProcessInfo.processInfo.environment["SALLYPORT_STORE_BENCHMARK"].flatMap { Int($0) } ?? 0

/// Not a test of anything by itself: prints how long commits take. `SALLYPORT_STORE_BENCHMARK=20000` is how many.
@Suite(
    "Latency of commits", .serialized,
    .enabled(if: commitCount > 0, "a measurement: SALLYPORT_STORE_BENCHMARK=20000 asks for it"))
struct CommitLatencyTests {
    private let directory = TemporaryDirectory()

    private func measure(_ store: SQLiteStore, clients: Int) async throws -> [Double] {
        let body = [UInt8](repeating: 0x61, count: 2048)
        return try await withThrowingTaskGroup(of: [Double].self) { group in
            for client in 0..<clients {
                group.addTask {
                    var own: [Double] = []
                    for number in 0..<(commitCount / clients) {
                        let row = TranscriptRecord(
                            sessionId: "\(client)", role: "user", body: body, timestampMs: 1, messageId: "\(number)")
                        let started = ContinuousClock.now
                        try await store.commit([.appendTranscript(row)])
                        own.append((ContinuousClock.now - started) / .milliseconds(1))
                    }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
    }

    private func report(_ what: String, _ times: [Double]) {
        let shown = [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"), (1, "max")].map { share, name in
            "\(name) \(String(format: "%.2f", times[min(Int(Double(times.count) * share), times.count - 1)])) ms"
        }
        print("\(what): \(times.count) commits of one row of 2 KiB, \(shown.joined(separator: ", "))")
    }

    @Test("one commit after the other, and from sixteen clients", arguments: [1, 16])
    func appending(_ clients: Int) async throws {
        let store = try SQLiteStore(path: directory.database)
        let times = try await measure(store, clients: clients)
        report("\(clients) client\(clients == 1 ? "" : "s")", times)
        #expect(times.count == commitCount / clients * clients)
    }

    @Test("while a transcript of 100,000 rows is removed, copied out of or purged")
    func removing() async throws {
        let store = try SQLiteStore(path: directory.database)
        for start in stride(from: 0, to: 100_000, by: 1000) {
            try await store.commit(
                (start..<(start + 1000)).map { number in
                    .appendTranscript(
                        TranscriptRecord(
                            sessionId: "long", role: "user", body: [UInt8](repeating: 7, count: 512), timestampMs: 1,
                            messageId: "\(number)"))
                })
        }
        let started = ContinuousClock.now
        try await store.commit([
            .compactTranscript(
                sessionId: "long", keepLast: 100, archiveAs: "old", sessionKey: "key", agentId: "main", atMs: 1)
        ])
        print("compacting 100,000 rows to 100: \(ContinuousClock.now - started)")
        try await store.commit([.purge(.transcriptArchives, beforeMs: 2)])
        let times = try await measure(store, clients: 1)
        report("1 client, while 100,000 rows are removed", times)
        #expect(times.count == commitCount)
    }
}
