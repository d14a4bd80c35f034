import Foundation
import Testing

@testable import Store

@Suite("Backups")
struct BackupTests {
    private let directory = TemporaryDirectory()
    private var copy: String { directory.path + "/copy.sqlite" }

    @Test("a backup taken while commits go on is one moment of the store, closed to others")
    func whileWriting() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((0..<3000).map { .appendTranscript(Sample.row("s", "before \($0)")) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<400 {
                    try await store.commit([
                        .putSession(Sample.session(number)), .appendTranscript(Sample.row("t", "\(number)")),
                    ])
                }
            }
            group.addTask { try store.backup(to: copy) }
            try await group.waitForAll()
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["copy.sqlite", "state"])
        let mode = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let restored = try SQLiteStore(path: copy)
        let sessions = try restored.load(nowMs: 0).sessions.count
        #expect(try await restored.rows("t").count == sessions)
        #expect(try await restored.rows("s").count == 3000)
        try await restored.commit([.putMeta(Sample.meta)])
    }

    @Test("a store that nobody closed is copied with what only its log holds")
    func afterCrash() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putSession(Sample.session(1))])
        // As a killed process leaves them.
        let crashed = TemporaryDirectory()
        try StoreFile.prepare(crashed.database)
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: crashed.database + suffix)
            try FileManager.default.copyItem(atPath: directory.database + suffix, toPath: crashed.database + suffix)
        }
        try SQLiteStore.backup(crashed.database, to: copy)
        #expect(try SQLiteStore(path: copy).session(key: "session-1") != nil)
    }

    @Test("nothing is overwritten, and no half of a backup stays")
    func refusals() async throws {
        #expect(throws: StoreError.self) { try SQLiteStore.backup(directory.database, to: copy) }
        #expect(!FileManager.default.fileExists(atPath: copy))
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putMeta(Sample.meta)])
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: copy))
        #expect(throws: StoreError.self) { try store.backup(to: copy) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data([1, 2, 3]))
        #expect(throws: StoreError.self) { try store.backup(to: directory.path + "/no/such/directory/copy") }
        try SQLiteStore(path: directory.path + "/other").close()
        let raw = try Connection(path: directory.path + "/other", busyTimeoutMs: 100)
        try raw.execute("PRAGMA application_id = 7")
        #expect(throws: StoreError.self) { try SQLiteStore.backup(directory.path + "/other", to: copy + "2") }
        #expect(!FileManager.default.fileExists(atPath: copy + "2"))
    }
}
