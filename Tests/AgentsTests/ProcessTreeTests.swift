import Glibc
import Testing

@testable import Agents

/// Each in a process of its own: being a subreaper, killing adopted children and counting descriptors concern all of
/// it.
@Suite("Leaving nothing behind")
struct ProcessTreeTests {
    @Test("a grandchild that forked twice is killed with its command")
    func doubleFork() async {
        await #expect(processExitsWith: .success) {
            try ProcessTree.becomeSubreaper()
            let agent = try ExecAgent(shell("(sleep 1000 >/dev/null 2>&1 & echo $!) &\nwait"), orphans: .killAll)
            let outcome = runToEnd(agent)
            #expect(outcome.status == .exited(0))
            let escaped = try #require(Int32(outcome.stdoutText.dropLast()))
            #expect(!isAlive(escaped))
            #expect(ProcessTree.children(of: getpid()) == [])
        }
    }

    @Test("one that left the group by setsid is killed through adoption, and its own children too")
    func setsid() async {
        await #expect(processExitsWith: .success) {
            try ProcessTree.becomeSubreaper()
            let script = "setsid sh -c 'sleep 1000 & echo $$ $!; wait' &\nsleep 0.2"
            let outcome = runToEnd(try ExecAgent(shell(script), orphans: .killAll))
            #expect(outcome.status == .exited(0))
            let escaped = outcome.stdoutText.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
            #expect(escaped.count == 2)
            for pid in escaped { #expect(!isAlive(pid)) }
            #expect(ProcessTree.children(of: getpid()) == [])
        }
    }

    @Test("only orphans with the run's mark are killed, and supervised children never")
    func matching() async {
        await #expect(processExitsWith: .success) {
            try ProcessTree.becomeSubreaper()
            let supervised = try ChildProcess.spawn(
                ProcessSpec(executable: "/bin/cat", environment: ["SALLYPORT_RUN_ID": "a"], standardInput: .pipe))
            func orphan(_ run: String) throws -> Int32 {
                var spec = ProcessSpec(
                    executable: "/bin/sh", arguments: ["-c", "setsid sleep 1000 >/dev/null & echo $!"],
                    environment: plainEnvironment, standardOutput: .pipe)
                spec.environment["SALLYPORT_RUN_ID"] = run
                let child = try ChildProcess.spawn(spec)
                let pid = readAll(child.standardOutput)
                #expect(awaitExit(child) == .exited(0))
                return try #require(Int32(pid.dropLast()))
            }
            let (first, second) = (try orphan("a"), try orphan("ab"))
            #expect(ProcessTree.killAdoptedChildren(matchingEnvironment: "SALLYPORT_RUN_ID=a") == 1)
            #expect(!isAlive(first))
            #expect(isAlive(second))
            #expect(supervised.reap() == nil)
            #expect(ProcessTree.killAdoptedChildren(excluding: [second]) == 0)
            #expect(isAlive(second))
            #expect(ProcessTree.killAdoptedChildren() == 1)
            #expect(!isAlive(second))
            #expect(ProcessTree.children(of: getpid()) == [supervised.pid])
            supervised.signal(SIGKILL)
            #expect(awaitExit(supervised) == .signalled(SIGKILL))
        }
    }

    @Test("no descriptor and no zombie stays, whether a start succeeds or fails")
    func leaks() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptorCount()
            for round in 0..<20 {
                let agent = try ExecAgent(shell("cat >/dev/null; echo \(round)", task: "task", stdin: .task))
                _ = runToEnd(agent)
                _ = try? ExecAgent(ExecCommand(template: ["/no/such"], task: "", environment: [:]))
                _ = try? ChildProcess.spawn(ProcessSpec(executable: "/bin/true", standardError: .descriptor(1023)))
                _ = try ExecAgent(shell("sleep 1000"))
            }
            // A leak would show at least 20 times; the test library's own threads may open a few meanwhile.
            #expect(openDescriptorCount() - before < 20)
            // On a loaded machine a killed command may take longer to die than its agent waits for it.
            ProcessTree.killAdoptedChildren(timeout: .seconds(20))
            #expect(ProcessTree.children(of: getpid()) == [])
        }
    }

    @Test("an ignored SIGCHLD does not lose exit statuses")
    func ignoredChildSignal() async {
        await #expect(processExitsWith: .success) {
            _ = signal(SIGCHLD, SIG_IGN)
            let outcome = runToEnd(try ExecAgent(shell("exit 9")))
            #expect(outcome.status == .exited(9))
        }
    }

    @Test("memory is closed to others, and a parent that is gone is noticed")
    func undumpable() async {
        await #expect(processExitsWith: .success) {
            try ProcessTree.makeUndumpable()
            #expect(try ProcessTree.setParentDeathSignal(SIGTERM, expectedParent: getppid()))
            #expect(try ProcessTree.setParentDeathSignal(SIGTERM, expectedParent: 1 << 30) == false)
            let outcome = runToEnd(try ExecAgent(shell("exit 0")))
            #expect(outcome.status == .exited(0))
        }
    }
}
