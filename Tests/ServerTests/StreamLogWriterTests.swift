import Files
import Foundation
import JSON
import Testing

@testable import Gateway
@testable import Server

@Suite("Logs of what ACP children say, on the disk")
struct StreamLogWriterTests {
    private static func directory() throws -> String {
        let path = NSTemporaryDirectory() + "stream-log-" + UUID().uuidString
        try Files.makeDirectory(path)
        return path
    }

    private static func line(_ text: String, _ id: String = "one") -> StreamLog.Line {
        StreamLog.Line(id: id, json: ["kind": "assistant", "data": ["delta": .string(text)]])
    }

    private static func lines(_ path: String) throws -> [JSON] {
        try Files.read(path, maxBytes: 32 << 20).split(separator: UInt8(ascii: "\n")).map { line in
            try JSONParser.parse(Array(line).filter { $0 != UInt8(ascii: " ") })
        }
    }

    @Test("lines are appended in their order, to a file that is its owner's alone")
    func append() throws {
        let state = try Self.directory()
        defer { Files.removeTree(state) }
        for _ in 0..<2 {
            let writer = StreamLogWriter(stateDirectory: state)
            writer.append([Self.line("a"), Self.line("b", "two")])
            writer.append([Self.line("c")])
            writer.close()
        }
        let path = StreamLog.path(stateDirectory: state, id: "one")
        #expect(try Self.lines(path).map { $0["data"]?["delta"]?.string } == ["a", "c", "a", "c"])
        #expect(try Self.lines(StreamLog.path(stateDirectory: state, id: "two")).count == 2)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test("a file that is as long as it may be ends with a line that says so, and grows no more")
    func truncated() throws {
        let state = try Self.directory()
        defer { Files.removeTree(state) }
        let text = String(repeating: "x", count: 1 << 20)
        for _ in 0..<18 {
            let writer = StreamLogWriter(stateDirectory: state)
            writer.append([Self.line(text)])
            writer.close()
        }
        let path = StreamLog.path(stateDirectory: state, id: "one")
        let bytes = try Files.read(path, maxBytes: 32 << 20)
        #expect(bytes.count >= Int(StreamLog.maxFileBytes) && bytes.count < Int(StreamLog.maxFileBytes) + 100)
        let lines = try Self.lines(path)
        #expect(lines.count == 16 && lines.last?["kind"] == "truncated")
    }

    @Test("logs of sessions that are gone are removed when they are old")
    func purge() throws {
        let state = try Self.directory()
        defer { Files.removeTree(state) }
        let first = StreamLogWriter(stateDirectory: state)
        first.append([Self.line("a", "gone"), Self.line("b", "there")])
        first.close()
        let writer = StreamLogWriter(stateDirectory: state)
        writer.purge(keeping: ["there"], beforeMs: 0)
        writer.purge(keeping: ["there"], beforeMs: .max)
        writer.append([Self.line("c", "there")])
        writer.close()
        #expect(Files.names(in: state + StreamLog.directory) == ["there" + StreamLog.suffix])
    }
}
