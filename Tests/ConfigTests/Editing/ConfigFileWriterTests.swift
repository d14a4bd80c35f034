import Config
import Files
import Foundation
import Testing

@Suite("Writing configuration files")
struct ConfigFileWriterTests {
    /// Gone with the test.
    private final class Directory {
        let path = NSTemporaryDirectory() + "sallyport-config-\(UUID().uuidString)"
        var file: String { path + "/openclaw.json" }

        func text(_ name: String = "openclaw.json") throws -> String {
            String(decoding: try Files.read(path + "/" + name), as: UTF8.self)
        }

        func mode(_ name: String) throws -> UInt32? { try FileFacts(path + "/" + name)?.mode }

        deinit { Files.removeTree(path) }
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("a new file is its owner's alone, and so is its directory")
    func new() throws {
        let directory = Directory()
        try ConfigFileWriter.write(directory.file, Self.bytes("{}"), before: nil)
        #expect(try directory.text() == "{}")
        #expect(try directory.mode("openclaw.json") == 0o600)
        #expect(Files.names(in: directory.path) == ["openclaw.json"])
    }

    @Test("the mode stays, and the last five versions are kept")
    func ring() throws {
        let directory = Directory()
        try Files.makeDirectory(directory.path)
        try Files.writeAtomically(directory.file, Self.bytes("0"), mode: 0o640)
        for version in 1...7 {
            try ConfigFileWriter.write(
                directory.file, Self.bytes("\(version)"), before: Self.bytes("\(version - 1)"))
        }
        #expect(try directory.text() == "7")
        #expect(try directory.mode("openclaw.json") == 0o640)
        let kept = try ["bak", "bak.1", "bak.2", "bak.3", "bak.4"].map { try directory.text("openclaw.json.\($0)") }
        #expect(kept == ["6", "5", "4", "3", "2"])
        #expect(try directory.mode("openclaw.json.bak") == 0o640)
        #expect(Files.names(in: directory.path).count == 6)
    }

    @Test("a link is not written through, and what somebody else wrote is not lost")
    func refused() throws {
        let directory = Directory()
        try Files.makeDirectory(directory.path)
        let target = directory.path + "/real.json"
        try Files.writeAtomically(target, Self.bytes("{}"))
        try FileManager.default.createSymbolicLink(atPath: directory.file, withDestinationPath: target)
        #expect(throws: ConfigFileWriter.Failure.isSymbolicLink(path: directory.file)) {
            try ConfigFileWriter.write(directory.file, Self.bytes("{a:1}"), before: Self.bytes("{}"))
        }
        #expect(try directory.text("real.json") == "{}")
        #expect(throws: ConfigFileWriter.Failure.changedMeanwhile(path: target)) {
            try ConfigFileWriter.write(target, Self.bytes("{a:1}"), before: Self.bytes("{b:1}"))
        }
        #expect(throws: ConfigFileWriter.Failure.changedMeanwhile(path: target)) {
            try ConfigFileWriter.write(target, Self.bytes("{a:1}"), before: nil)
        }
        #expect(try directory.text("real.json") == "{}")
        let inner = directory.path + "/directory"
        try Files.makeDirectory(inner)
        #expect(throws: ConfigFileWriter.Failure.isNoFile(path: inner)) {
            try ConfigFileWriter.write(inner, [], before: [])
        }
    }

    @Test("writers take turns, and each version is made from the one before")
    func turns() async throws {
        let directory = Directory()
        try ConfigFileWriter.write(directory.file, Self.bytes("0"), before: nil)
        let file = directory.file
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    var done = 0
                    while done < 5 {
                        guard let present = try? Files.read(file),
                            let number = Int(String(decoding: present, as: UTF8.self))
                        else { continue }
                        if (try? ConfigFileWriter.write(file, Self.bytes("\(number + 1)"), before: present)) != nil {
                            done += 1
                        }
                    }
                }
            }
        }
        #expect(try directory.text() == "20")
    }

    @Test("what was refused is kept, five times at most")
    func rejected() throws {
        let directory = Directory()
        try ConfigFileWriter.write(directory.file, Self.bytes("{}"), before: nil)
        for second in 0..<7 {
            let kept = ConfigFileWriter.keepRejected(
                directory.file, Self.bytes("bad \(second)"), nowMs: 1_763_758_159_123 + Int64(second) * 1000)
            #expect(kept?.hasPrefix(directory.file + ".rejected.2025-11-21T20-49-") == true, "\(kept ?? "none")")
        }
        let names = Files.names(in: directory.path).filter { $0.contains("rejected") }.sorted()
        #expect(names.count == 5)
        #expect(try directory.text(names[4]) == "bad 6")
        #expect(try directory.mode(names[4]) == 0o600)
    }
}
