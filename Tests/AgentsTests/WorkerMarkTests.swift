import Files
import Glibc
import JSON
import Testing

@testable import Agents

@Suite("Processes that somebody else has started")
struct WorkerMarkTests {
    @Test("a process is known again by its number and its start, in this boot")
    func identity() throws {
        let own = try #require(ProcessMark.own)
        #expect(own.pid == getpid())
        #expect(own.isAlive)
        #expect(ProcessMark(.object(JSONObject(own.fields))) == own)
        for other in [
            ProcessMark(pid: own.pid, startTime: own.startTime + 1, bootID: own.bootID),
            ProcessMark(pid: own.pid, startTime: own.startTime, bootID: "another boot"),
            ProcessMark(pid: getppid(), startTime: own.startTime, bootID: own.bootID),
        ] {
            #expect(!other.isAlive)
            #expect(FoundProcess(other) == nil)
        }
    }

    @Test(
        "what is no mark is none",
        arguments: [
            "{}", #"{"pid":0,"startTime":1,"bootId":"b"}"#, #"{"pid":1,"startTime":0,"bootId":"b"}"#,
            #"{"pid":4294967297,"startTime":1,"bootId":"b"}"#, #"{"pid":1,"startTime":-1,"bootId":"b"}"#,
        ])
    func unreadable(_ text: String) throws {
        #expect(ProcessMark(try JSONParser.parse(Array(text.utf8))) == nil)
    }

    @Test("one that is found can be ended, and its end is seen")
    func found() throws {
        let child = try ChildProcess.spawn(ProcessSpec(executable: "/bin/cat", standardInput: .pipe))
        defer { if let input = child.standardInput { close(input) } }
        let mark = try #require(ProcessMark.of(child.pid))
        let process = try #require(FoundProcess(mark))
        #expect(process.peek() == nil)
        process.signal(SIGTERM)
        #expect(awaitExit(child) == .signalled(SIGTERM))
        #expect(process.peek() == .lost)
        #expect(!mark.isAlive)
        #expect(FoundProcess(mark) == nil)
    }

    @Test("marks are found in their directory, and what is none there is removed")
    func files() throws {
        let marks = "/tmp/sallyport-marks-\(getpid())"
        try Files.makeDirectory(marks)
        defer { Files.removeTree(marks) }
        let mark = WorkerMark(
            process: try #require(ProcessMark.own), runID: "run 1", attempt: 2, directory: "/state/run/children/=ab")
        let path = WorkerMark.path(in: marks, directory: mark.directory)
        #expect(path == marks + "/=ab.json")
        try mark.write(path)
        try Files.writeAtomically(marks + "/torn.json", Array(#"{"pid":"#.utf8))
        let all = WorkerMark.all(in: marks)
        #expect(all.map(\.mark) == [mark])
        #expect(all.map(\.path) == [path])
        #expect(Files.names(in: marks) == ["=ab.json"])
        #expect(WorkerMark.all(in: marks + "/none").isEmpty)
    }
}
