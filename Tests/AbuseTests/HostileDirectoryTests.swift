import Files
import Foundation
import Testing

@Suite struct HostileDirectoryTests {
    private static func temporary() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/sallyport-\(UUID().uuidString)"
        try Files.makeDirectory(path)
        return path
    }

    @Test func treeDeeperThanAnyPathIsRemoved() throws {
        let top = try Self.temporary()
        let script = "cd \"$1\" || exit; i=0; while [ $i -lt 300 ]; do mkdir $2 && cd $2; i=$((i+1)); done; : > file"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", top, String(repeating: "d", count: 200)]
        try process.run()
        process.waitUntilExit()
        Files.removeTree(top)
        #expect(!Files.exists(top))
    }

    @Test func linksAreRemovedAndNotFollowed() throws {
        let top = try Self.temporary()
        let kept = try Self.temporary()
        try Files.writeAtomically(kept + "/file", [1])
        try FileManager.default.createSymbolicLink(atPath: top + "/link", withDestinationPath: kept)
        try Files.makeDirectory(top + "/closed/inner")
        try Files.writeAtomically(top + "/closed/inner/file", [1])
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: top + "/closed")
        Files.removeTree(top)
        #expect(!Files.exists(top))
        #expect(Files.exists(kept + "/file"))
        Files.removeTree(kept)
    }

    @Test func lockIsNotWrittenThroughALink() throws {
        let top = try Self.temporary()
        try Files.writeAtomically(top + "/precious", [1, 2, 3])
        try FileManager.default.createSymbolicLink(atPath: top + "/lock", withDestinationPath: top + "/precious")
        #expect(throws: FileError.self) { let _ = try FileLock(top + "/lock", holder: "us") }
        #expect(try Files.read(top + "/precious") == [1, 2, 3])
        Files.removeTree(top)
    }

    @Test func directoryThatOthersCanWriteIsNotPrivate() throws {
        let top = try Self.temporary()
        #expect(Files.isPrivate(top))
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: top)
        #expect(!Files.isPrivate(top))
        Files.removeTree(top)
    }
}
