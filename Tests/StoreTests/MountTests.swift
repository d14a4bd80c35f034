import Foundation
import Testing

@testable import Store

/// A small file system of one test.
private final class SmallDisk {
    let path: String
    /// Removed after it has been unmounted.
    private let directory: TemporaryDirectory

    init?(_ directory: TemporaryDirectory, kibibytes: Int) {
        self.directory = directory
        path = "\(directory.path)/disk"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard unsafe mount("none", path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else { return nil }
    }

    deinit { unsafe umount2(path, Int32(MNT_DETACH)) }

    func makeReadOnly() -> Bool {
        unsafe mount("none", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0
    }

    static let isPossible: Bool = {
        guard getuid() == 0 else { return false }
        return SmallDisk(TemporaryDirectory(), kibibytes: 64) != nil
    }()
}

@Suite(
    "Disks that are full or read-only", .enabled(if: SmallDisk.isPossible, "needs root and the right to mount a tmpfs"))
struct MountTests {
    private let directory = TemporaryDirectory()

    @Test("a full disk fails what does not fit, keeps what was acknowledged and works again with space")
    func fullDisk() async throws {
        let disk = try #require(SmallDisk(directory, kibibytes: 1024))
        let path = "\(disk.path)/state/sallyport.sqlite"
        let store = try SQLiteStore(path: path)
        try await store.commit([.putSession(Sample.session(1))])
        let ballast = "\(disk.path)/ballast"
        try Data(count: 600 * 1024).write(to: URL(fileURLWithPath: ballast))

        var large = Sample.session(2)
        large.json = [UInt8](repeating: 1, count: 900 * 1024)
        let completions = Completions()
        let barrier = Barrier(store)
        store.commit([.putSession(Sample.session(3))], completion: completions.note(3))
        store.commit([.putSession(large)], completion: completions.note(2))
        store.commit([.putSession(Sample.session(4))], completion: completions.note(4))
        barrier.lift()
        await store.settle()
        #expect(completions.labels == [3, 2, 4])
        #expect(completions.errors == [2: .diskFull(path: path)])
        #expect(try Set(store.load(nowMs: 0).sessions.map(\.key)) == ["session-1", "session-3", "session-4"])

        try FileManager.default.removeItem(atPath: ballast)
        large.json = [UInt8](repeating: 1, count: 200 * 1024)
        try await store.commit([.putSession(large)])
        store.close()
        #expect(try SQLiteStore(path: path).load(nowMs: 0).sessions.count == 4)
    }

    @Test("a read-only file system is reported at the start")
    func readOnly() throws {
        let disk = try #require(SmallDisk(directory, kibibytes: 1024))
        let path = "\(disk.path)/state/sallyport.sqlite"
        try SQLiteStore(path: path).close()
        try #require(disk.makeReadOnly())
        #expect(throws: StoreError.readOnly(path: path)) { try SQLiteStore(path: path) }
        let missing = "\(disk.path)/other/sallyport.sqlite"
        #expect(throws: StoreError.readOnly(path: missing)) { try SQLiteStore(path: missing) }
        #expect(StoreError.readOnly(path: path).description.contains(path))
    }
}

@Suite("Directories without write permission", .enabled(if: getuid() != 0, "root may write everywhere"))
struct PermissionTests {
    private let directory = TemporaryDirectory()

    @Test("a directory that may not be written is reported at the start")
    func readOnlyDirectory() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory.path) }
        #expect(throws: StoreError.readOnly(path: directory.database)) { try SQLiteStore(path: directory.database) }
    }
}
