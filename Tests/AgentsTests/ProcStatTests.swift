import Glibc
import Testing

@testable import Agents

@Suite("/proc/<pid>/stat")
struct ProcStatTests {
    @Test(
        "the name may hold anything",
        arguments: ["sh", "a b", "a) R 1 (b", ")", "", ") Z 1 1", "x\ny"])
    func names(_ name: String) {
        let line = Array("4711 (\(name)) S 42 4711 4711 0 -1 4194560 1 2\n".utf8)
        #expect(ProcStat.parse(line) == ProcStat(pid: 4711, state: UInt8(ascii: "S"), parent: 42))
    }

    @Test("the start is the 22nd field")
    func startTime() {
        let line = "4711 (a b) S 42 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2\n"
        #expect(ProcStat.parse(Array(line.utf8))?.startTime == 987_654)
    }

    @Test(
        "a line that is cut is no line",
        arguments: ["", "12", "12 (sh", "12 (sh)", "12 (sh) S", "x (sh) S 1", "12 (sh) S y 3", ")("])
    func incomplete(_ line: String) {
        #expect(ProcStat.parse(Array(line.utf8)) == nil)
    }

    @Test("a running child is found among its parent's children")
    func children() throws {
        let child = try ChildProcess.spawn(ProcessSpec(executable: "/bin/cat", standardInput: .pipe))
        #expect(ProcessTree.children(of: getpid()).contains(child.pid))
        #expect(ProcFiles.stat(of: child.pid)?.parent == getpid())
        if let input = child.standardInput { close(input) }
        #expect(awaitExit(child) == .exited(0))
        #expect(!ProcessTree.children(of: getpid()).contains(child.pid))
    }
}
