import CFaultVFS
import Foundation
import Testing

@testable import Store

/// A disk of one test that fails when it is told to.
private final class FaultyDisk {
    let directory: TemporaryDirectory
    private let number: Int32
    var database: String { directory.database }

    init(keepsSynced: Bool = false) throws {
        directory = TemporaryDirectory()
        try #require(fault_vfs_install() == 0)
        // As SQLite names its files.
        let path = URL(fileURLWithPath: directory.path).resolvingSymlinksInPath().path
        number = unsafe fault_vfs_attach(path, keepsSynced ? 1 : 0)
        try #require(number >= 0)
    }

    deinit { fault_vfs_detach(number) }

    func arm(_ fault: Fault, at nth: Int) {
        fault_vfs_arm(number, Int32(fault.operation.rawValue), nth, fault.error, fault.isLasting ? 1 : 0)
    }

    func disarm() { fault_vfs_disarm(number) }
    var failures: Int { fault_vfs_failures(number) }
    func count(_ operation: Fault.Operation) -> Int { fault_vfs_count(number, Int32(operation.rawValue)) }
}

struct Fault: Sendable, CustomTestStringConvertible {
    enum Operation: UInt32, Sendable { case write = 1, sync = 2 }

    let testDescription: String
    let operation: Operation
    let error: Int32
    let isLasting: Bool

    init(_ testDescription: String, _ operation: Operation, _ error: Int32, isLasting: Bool) {
        self.testDescription = testDescription
        self.operation = operation
        self.error = error
        self.isLasting = isLasting
    }
}

@Suite("A disk that fails at any moment")
struct FaultTests {
    /// What was acknowledged, and what may or may not be there.
    private struct Outcome {
        var acknowledged: Set<String> = []
        var errors: [StoreError] = []
        var opened = false
    }

    private static let commits = 10

    private static func operations(_ number: Int) -> [StoreOperation] {
        var session = Sample.session(number)
        // More than a page.
        session.json = [UInt8](repeating: UInt8(number), count: 5000)
        return [
            .putSession(session), .appendTranscript(Sample.row("s", "a\(number)")),
            .appendTranscript(Sample.row("s", "b\(number)")),
        ] + (number == 6 ? [.deleteTranscript(sessionId: "other")] : [])
    }

    /// Opens, commits, compacts, closes.
    private func work(_ disk: FaultyDisk, whenOpen: (SQLiteStore) async throws -> Void = { _ in }) async throws
        -> Outcome
    {
        var outcome = Outcome()
        let store: SQLiteStore
        do throws(StoreError) {
            store = try SQLiteStore(path: disk.database)
        } catch {
            outcome.errors.append(error)
            return outcome
        }
        outcome.opened = true
        for number in 0..<Self.commits {
            do throws(StoreError) {
                try await store.commit(Self.operations(number))
                outcome.acknowledged.insert("session-\(number)")
            } catch {
                outcome.errors.append(error)
            }
            // Reading goes on, whatever happens to writing.
            _ = try store.session(key: "session-0")
        }
        try await whenOpen(store)
        store.close()
        return outcome
    }

    private func verify(_ path: String, _ outcome: Outcome, _ what: String) async throws {
        let store = try SQLiteStore(path: path)
        let keys = try Set(store.load(nowMs: 0).sessions.map(\.key))
        #expect(outcome.acknowledged.subtracting(keys) == [], "lost \(what)")
        // A commit is there as a whole or not at all.
        let rows = try await Set(store.rows("s").map(\.messageId))
        let expected = keys.filter { $0.hasPrefix("session-") }.flatMap {
            ["a\($0.dropFirst(8))", "b\($0.dropFirst(8))"]
        }
        #expect(rows == Set(expected), "\(what)")
        try await store.commit([.putMeta(Sample.meta)])
        store.close()
        let connection = try Connection(path: path, busyTimeoutMs: 1000)
        let findings = try connection.query("PRAGMA integrity_check") { columns throws(StoreError) in
            try columns.text()
        }
        #expect(findings == ["ok"], "\(what)")
    }

    static let faults = [
        Fault("one write without space", .write, ENOSPC, isLasting: false),
        Fault("one write error", .write, EIO, isLasting: false),
        Fault("one failed sync", .sync, EIO, isLasting: false),
        Fault("no space from there on", .write, ENOSPC, isLasting: true),
        Fault("no sync from there on", .sync, EIO, isLasting: true),
    ]

    @Test("loses nothing that was acknowledged, and works again when the disk does", arguments: faults)
    func everyMoment(_ fault: Fault) async throws {
        let clean = try FaultyDisk()
        clean.arm(fault, at: .max)
        #expect(try await work(clean).errors == [])
        let moments = clean.count(fault.operation)
        try #require(moments > 20)
        for moment in 1...moments {
            let disk = try FaultyDisk()
            disk.arm(fault, at: moment)
            let outcome = try await work(disk) { store in
                guard disk.failures > 0 else { return }
                disk.disarm()
                try await store.commit([.putMeta(Sample.meta)])
            }
            disk.disarm()
            for error in outcome.errors {
                if fault.error == ENOSPC {
                    #expect(error == .diskFull(path: disk.database), "at \(moment)")
                } else if case .io(_, _, let message) = error {
                    #expect(message.hasPrefix("disk I/O error"), "at \(moment)")
                    if fault.operation == .sync { #expect(message.contains("did not confirm"), "at \(moment)") }
                } else {
                    Issue.record("\(error) at \(moment)")
                }
            }
            // One that fails takes its own commit down, and no other.
            if !fault.isLasting && outcome.opened { #expect(outcome.errors.count <= 1, "at \(moment)") }
            try await verify(disk.database, outcome, "\(fault.testDescription) at \(moment) of \(moments)")
        }
    }

    @Test("what was acknowledged is there after the power went, without whatever was not synced")
    func powerLoss() async throws {
        let disk = try FaultyDisk(keepsSynced: true)
        var outcome = Outcome()
        for round in 0..<4 {
            let store = try SQLiteStore(path: disk.database)
            for number in (round * 10)..<(round * 10 + 10) {
                try await store.commit(Self.operations(number))
                outcome.acknowledged.insert("session-\(number)")
                if number % 3 == 0 { try await checkSynced(disk, outcome, "after commit \(number)") }
            }
            store.close()
            try await checkSynced(disk, outcome, "after closing \(round)")
        }
    }

    private func checkSynced(_ disk: FaultyDisk, _ outcome: Outcome, _ what: String) async throws {
        let other = TemporaryDirectory()
        try StoreFile.prepare(other.database)
        for suffix in ["", "-wal"] {
            let synced = disk.database + suffix + ".synced"
            guard FileManager.default.fileExists(atPath: synced) else { continue }
            try? FileManager.default.removeItem(atPath: other.database + suffix)
            try FileManager.default.copyItem(atPath: synced, toPath: other.database + suffix)
        }
        try await verify(other.database, outcome, what)
    }
}
