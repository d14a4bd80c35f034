import Glibc
import Testing

@testable import Agents

@Suite("Child processes")
struct ChildProcessTests {
    static func script(_ text: String) -> ProcessSpec {
        ProcessSpec(
            executable: "/bin/sh", arguments: ["-c", text], environment: plainEnvironment, standardOutput: .pipe)
    }

    @Test("exit statuses come back", arguments: [0, 1, 7, 127, 255] as [Int32])
    func exitStatus(_ status: Int32) throws {
        let child = try ChildProcess.spawn(Self.script("exit \(status)"))
        _ = readAll(child.standardOutput)
        #expect(awaitExit(child) == .exited(status))
        #expect(child.reap()?.exitCode == status)
    }

    @Test("a signal's death is told apart, 128 + n", arguments: [SIGTERM, SIGKILL, SIGINT])
    func signals(_ signal: Int32) throws {
        let child = try ChildProcess.spawn(ProcessSpec(executable: "/bin/cat", standardInput: .pipe))
        #expect(child.reap() == nil)
        child.signal(signal)
        #expect(awaitExit(child) == .signalled(signal))
        #expect(child.reap()?.exitCode == 128 + signal)
        child.signal(SIGKILL)
        child.signalGroup(SIGKILL)
        if let input = child.standardInput { close(input) }
    }

    @Test("a look at the exit leaves the process for its reaping")
    func peek() throws {
        let child = try ChildProcess.spawn(Self.script("exit 3"))
        _ = readAll(child.standardOutput)
        var polled = pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0)
        unsafe poll(&polled, 1, 10_000)
        #expect(child.peek() == .exited(3))
        #expect(ProcFiles.stat(of: child.pid)?.isZombie == true)
        #expect(child.reap() == .exited(3))
        #expect(child.peek() == .exited(3))
    }

    @Test("the environment is exactly what was given")
    func environment() throws {
        let spec = ProcessSpec(
            executable: "env", environment: ["PATH": "/usr/bin:/bin", "EMPTY": "", "A": "x=y z"], standardOutput: .pipe)
        let child = try ChildProcess.spawn(spec)
        #expect(readAll(child.standardOutput) == "A=x=y z\nEMPTY=\nPATH=/usr/bin:/bin\n")
        #expect(awaitExit(child) == .exited(0))
    }

    @Test("the child runs in its working directory, and so does a relative program")
    func workingDirectory() throws {
        var spec = Self.script("pwd")
        spec.workingDirectory = "/usr/bin"
        let child = try ChildProcess.spawn(spec)
        #expect(readAll(child.standardOutput) == "/usr/bin\n")
        #expect(awaitExit(child) == .exited(0))
        let relative = try ChildProcess.spawn(ProcessSpec(executable: "./true", workingDirectory: "/usr/bin"))
        #expect(awaitExit(relative) == .exited(0))
    }

    @Test("only the descriptors named in the specification are open in the child")
    func descriptors() throws {
        let leaked = unsafe open("/dev/zero", O_RDONLY)
        let shared = unsafe open("/etc/group", O_RDONLY | O_CLOEXEC)
        defer {
            close(leaked)
            close(shared)
        }
        var spec = ProcessSpec(
            executable: "ls", arguments: ["/proc/self/fd"], environment: plainEnvironment, standardOutput: .pipe)
        spec.inherited = [.init(parent: shared, child: 5)]
        let child = try ChildProcess.spawn(spec)
        // One more is the directory that ls itself reads.
        #expect(readAll(child.standardOutput) == "0\n1\n2\n3\n5\n")
        #expect(awaitExit(child) == .exited(0))
    }

    /// In a process of its own, where descriptor numbers are small.
    @Test("descriptors may swap their numbers on the way into the child")
    func swappedDescriptors() async {
        await #expect(processExitsWith: .success) {
            var (one, two): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
            unsafe pipe(&one)
            unsafe pipe(&two)
            let (first, second) = (one[0], two[0])
            unsafe write(one[1], "one\n", 4)
            unsafe write(two[1], "two\n", 4)
            close(one[1])
            close(two[1])
            var spec = Self.script("cat /proc/self/fd/\(second) /proc/self/fd/\(first)")
            spec.inherited = [.init(parent: first, child: second), .init(parent: second, child: first)]
            let child = try ChildProcess.spawn(spec)
            #expect(readAll(child.standardOutput) == "one\ntwo\n")
            #expect(awaitExit(child) == .exited(0))
        }
    }

    @Test("a blocked signal and an ignored SIGPIPE are not handed on")
    func signalState() throws {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGUSR1)
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        defer { unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil) }
        let child = try ChildProcess.spawn(
            ProcessSpec(
                executable: "grep", arguments: ["-E", "^Sig(Blk|Ign):", "/proc/self/status"],
                environment: plainEnvironment,
                standardOutput: .pipe))
        // glibc itself ignores its two internal signals, 32 and 33, in what it spawns.
        #expect(readAll(child.standardOutput) == "SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n")
        #expect(awaitExit(child) == .exited(0))
    }

    @Test(
        "groups and sessions are made as asked",
        arguments: [(false, false), (true, false), (false, true), (true, true)])
    func groups(_ group: Bool, _ session: Bool) throws {
        var spec = ProcessSpec(
            executable: "/bin/cat", newProcessGroup: group, newSession: session, standardInput: .pipe)
        spec.environment = plainEnvironment
        let child = try ChildProcess.spawn(spec)
        #expect((getpgid(child.pid) == child.pid) == (group || session))
        #expect((getsid(child.pid) == child.pid) == session)
        if let input = child.standardInput { close(input) }
        #expect(awaitExit(child) == .exited(0))
    }

    @Test("the group is signalled while its dead leader is unreaped")
    func groupAfterExit() throws {
        let child = try ChildProcess.spawn(Self.script("sleep 1000 & echo $!; exit 0"))
        var polled = pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0)
        unsafe poll(&polled, 1, 10_000)
        child.signalGroup(SIGKILL)
        // The pipe ends only when the sleeper is dead.
        let sleeper = Int32(readAll(child.standardOutput).dropLast())
        #expect(dies(try #require(sleeper)))
        #expect(child.reap() == .exited(0))
    }

    @Test("what cannot be started says why")
    func failures() {
        func spawn(_ change: (inout ProcessSpec) -> Void) throws(AgentError) {
            var spec = ProcessSpec(executable: "true", environment: plainEnvironment)
            change(&spec)
            _ = try ChildProcess.spawn(spec)
        }
        #expect(throws: AgentError.notFound(name: "no-such-agent", searchPath: "/usr/bin:/bin")) {
            try spawn { $0.executable = "no-such-agent" }
        }
        #expect(throws: AgentError.notFound(name: "true", searchPath: ".:")) {
            try spawn { $0.environment = ["PATH": ".:"] }
        }
        #expect(throws: AgentError.notFound(name: "true", searchPath: "")) { try spawn { $0.environment = [:] } }
        #expect(throws: AgentError.emptyCommand) { try spawn { $0.executable = "" } }
        #expect(throws: AgentError.spawnFailed(path: "/no/such/agent", errno: ENOENT)) {
            try spawn { $0.executable = "/no/such/agent" }
        }
        #expect(throws: AgentError.spawnFailed(path: "/etc/group", errno: EACCES)) {
            try spawn { $0.executable = "/etc/group" }
        }
        #expect(throws: AgentError.spawnFailed(path: "/etc/group", errno: EACCES)) {
            try spawn {
                $0.executable = "group"
                $0.environment = ["PATH": "/etc"]
            }
        }
        #expect(throws: AgentError.workingDirectory(path: "/no/such/directory", errno: ENOENT)) {
            try spawn { $0.workingDirectory = "/no/such/directory" }
        }
        #expect(throws: AgentError.workingDirectory(path: "/etc/group", errno: ENOTDIR)) {
            try spawn { $0.workingDirectory = "/etc/group" }
        }
        #expect(throws: AgentError.spawnFailed(path: "/usr/bin/true", errno: E2BIG)) {
            try spawn { $0.arguments = [String(repeating: "x", count: 1 << 20)] }
        }
        #expect(throws: AgentError.self) { try spawn { $0.arguments = ["a\0b"] } }
        #expect(throws: AgentError.self) { try spawn { $0.environment["A=B"] = "c" } }
        #expect(throws: AgentError.self) { try spawn { $0.inherited = [.init(parent: 0, child: 2)] } }
        #expect(throws: AgentError.self) { try spawn { $0.inherited = [.init(parent: 0, child: 256)] } }
        #expect(throws: AgentError.system(call: "fcntl(F_DUPFD_CLOEXEC)", errno: EBADF)) {
            try spawn { $0.standardInput = .descriptor(.max) }
        }
    }

    @Test("errors name what to mend")
    func descriptions() {
        #expect(
            AgentError.notFound(name: "pi", searchPath: "/bin").description.contains("\"pi\" is not in PATH (/bin)"))
        #expect(
            AgentError.workingDirectory(path: "/x", errno: ENOENT).description.contains("/x: No such file or directory")
        )
        #expect(AgentError.spawnFailed(path: "/x", errno: E2BIG).description.contains("standard input"))
        #expect(AgentError.system(call: "pipe2", errno: EMFILE).description.contains("ulimit -n"))
    }
}
