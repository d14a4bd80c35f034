import Foundation
import Testing

@testable import Store

@Suite("The file and its failures")
struct FileTests {
    private let directory = TemporaryDirectory()

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func raw(_ body: (Connection) throws(StoreError) -> Void) throws {
        try body(Connection(path: directory.database, busyTimeoutMs: 1000))
    }

    @Test("file and directory are closed to others, also when the file was open before")
    func modes() async throws {
        for _ in 0..<2 {
            let store = try SQLiteStore(path: directory.database)
            try await store.commit([.putMeta(Sample.meta)])
            #expect(try mode("\(directory.path)/state") == 0o700)
            for suffix in ["", "-wal", "-shm"] { #expect(try mode(directory.database + suffix) == 0o600) }
            store.close()
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: directory.database)
        }
    }

    @Test("closing leaves one file, marked as closed")
    func cleanShutdown() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putMeta(Sample.meta)])
        store.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/state") == ["sallyport.sqlite"])
        try raw { connection throws(StoreError) in
            let mark = try connection.record(MetaRecord.self, key: "store.shutdown")
            #expect(mark?.value == Array("clean".utf8))
        }
    }

    @Test("commits are write-ahead logged and synced")
    func durability() throws {
        try StoreFile.prepare(directory.database)
        let connection = try SQLiteStore.openForWriting(directory.database, SQLiteStore.Options())
        let journal = try connection.query("PRAGMA journal_mode") { columns throws(StoreError) in try columns.text() }
        #expect(journal == ["wal"])
        // FULL: the log is synced before a commit is reported.
        #expect(try Schema.integer("PRAGMA synchronous", connection) == 2)
    }

    @Test("a file of a newer version is refused and stays as it is")
    func newerSchema() async throws {
        let newer = Schema.migrations.count + 1
        try SQLiteStore(path: directory.database).close()
        try raw { connection throws(StoreError) in
            try connection.execute("PRAGMA user_version = \(newer); PRAGMA journal_mode = DELETE")
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: directory.database))
        let error = StoreError.newerSchema(path: directory.database, found: newer, supported: newer - 1)
        #expect(throws: error) { try SQLiteStore(path: directory.database) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.database)) == before)
        #expect(error.description.contains("schema version \(newer)") && error.description.contains(directory.database))
    }

    @Test("another program's database is refused")
    func foreignDatabase() throws {
        try StoreFile.prepare(directory.database)
        try raw { connection throws(StoreError) in try connection.execute("CREATE TABLE other (x)") }
        #expect(throws: StoreError.corrupt(path: directory.database, detail: "not a database of this gateway")) {
            try SQLiteStore(path: directory.database)
        }
    }

    @Test("a file that is removed or replaced while it is open is noticed, and written again when it is back")
    func removed() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putMeta(Sample.meta)])
        let aside = directory.database + ".aside"
        try FileManager.default.moveItem(atPath: directory.database, toPath: aside)
        let error = StoreError.removed(path: directory.database)
        await #expect(throws: error) { try await store.commit([.putSession(Sample.session(1))]) }
        try Data().write(to: URL(fileURLWithPath: directory.database))
        await #expect(throws: error) { try await store.commit([.putSession(Sample.session(1))]) }
        #expect(try store.load(nowMs: 0).meta.count == 1)
        #expect(error.description.contains("backup"))
        try FileManager.default.removeItem(atPath: directory.database)
        try FileManager.default.moveItem(atPath: aside, toPath: directory.database)
        try await store.commit([.putSession(Sample.session(1))])
        store.close()
        #expect(try SQLiteStore(path: directory.database).load(nowMs: 0).sessions.count == 1)
    }

    @Test("a file that is no database is refused")
    func garbage() throws {
        try StoreFile.prepare(directory.database)
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: directory.database))
        #expect(throws: StoreError.corrupt(path: directory.database, detail: "file is not a database")) {
            try SQLiteStore(path: directory.database)
        }
    }

    @Test("damage is found at the start after an unclean end, and not looked for after a clean one")
    func damage() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((0..<2000).map { .putSession(Sample.session($0)) })
        store.close()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: directory.database))
        let size = try file.seekToEnd()
        try file.seek(toOffset: size - 4096 * 3)
        try file.write(contentsOf: Data(repeating: 0xA5, count: 4096))
        try file.close()
        try SQLiteStore(path: directory.database).close()
        try raw { connection throws(StoreError) in
            try connection.put(MetaRecord(key: "store.shutdown", value: Array("open".utf8)), nil)
        }
        do {
            _ = try SQLiteStore(path: directory.database)
            Issue.record("a damaged file was accepted")
        } catch .corrupt(let path, _) {
            #expect(path == directory.database)
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("migrations run in order, each once, and a failing one leaves the version before it")
    func migrations() throws {
        try StoreFile.prepare(directory.database)
        let first = "CREATE TABLE a (x); INSERT INTO a VALUES (1);"
        let second = "CREATE TABLE b (x); INSERT INTO b SELECT x + 1 FROM a;"
        try raw { connection throws(StoreError) in try Schema.migrate(connection, migrations: [first]) }
        #expect(throws: StoreError.self) {
            try raw { connection throws(StoreError) in
                try Schema.migrate(
                    connection,
                    migrations: [first, second, "INSERT INTO b VALUES (9); INSERT INTO nowhere VALUES (1);"])
            }
        }
        try raw { connection throws(StoreError) in
            #expect(try Schema.integer("PRAGMA user_version", connection) == 2)
            #expect(try Schema.integer("SELECT sum(x) FROM b", connection) == 2)
            try Schema.migrate(connection, migrations: [first, second, "INSERT INTO b VALUES (3);"])
            #expect(try Schema.integer("PRAGMA user_version", connection) == 3)
            #expect(try Schema.integer("SELECT sum(x) FROM b", connection) == 5)
            #expect(try Schema.integer("PRAGMA application_id", connection) == Schema.applicationID)
        }
    }

    @Test("a killed process loses nothing that was acknowledged, and half a commit is never there")
    func killed() async throws {
        let (database, log) = (directory.database, "\(directory.path)/acknowledged")
        await #expect(processExitsWith: .signal(SIGKILL)) { [database = database as String, log = log as String] in
            let store = try SQLiteStore(path: database)
            let descriptor = unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            for number in 0..<100_000 {
                store.commit([.putSession(Sample.session(number)), .putSession(Sample.session(1_000_000 + number))]) {
                    result in
                    guard case .success = result else { return }
                    var line = "\(number)\n"
                    line.withUTF8 { bytes in unsafe _ = write(descriptor, bytes.baseAddress, bytes.count) }
                    // In the midst of the completions of a group, with many more commits on their way.
                    if number == 3000 { kill(getpid(), SIGKILL) }
                }
            }
            await store.settle()
        }
        let acknowledged = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").compactMap {
            Int($0)
        }
        #expect(acknowledged == Array(0...3000))
        let store = try SQLiteStore(path: database)
        let keys = try Set(store.load(nowMs: 0).sessions.map(\.key))
        for number in acknowledged { #expect(keys.contains("session-\(number)")) }
        for number in 0..<100_000 {
            #expect(keys.contains("session-\(number)") == keys.contains("session-\(1_000_000 + number)"))
        }
        try await store.commit([.putMeta(Sample.meta)])
    }
}
