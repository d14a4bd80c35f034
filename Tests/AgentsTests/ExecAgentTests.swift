import Glibc
import Testing

@testable import Agents

@Suite("Running a command")
struct ExecAgentTests {
    static let mebibyte = String(repeating: "0123456789abcde\n", count: 65_536)

    @Test("output, error output and exit status arrive")
    func ordinary() throws {
        let agent = try ExecAgent(shell("echo out; echo err >&2; exit 3"))
        let outcome = runToEnd(agent)
        #expect(outcome.stdoutText == "out\n")
        #expect(outcome.stderrText == "err\n")
        #expect(outcome.status == .exited(3))
        #expect(agent.result.text == "out\n")
        #expect(agent.errorText.text == "err\n")
        #expect(agent.nextEvent() == nil)
    }

    @Test("a task of 1 MiB goes through cat and comes back")
    func throughCat() throws {
        let agent = try ExecAgent(shell("exec cat", task: Self.mebibyte, stdin: .task))
        let outcome = runToEnd(agent)
        #expect(outcome.stdout.elementsEqual(Self.mebibyte.utf8))
        #expect(outcome.status == .exited(0))
        #expect(outcome.largestChunk <= 32_768)
        #expect(agent.result.totalBytes == 1_048_576)
        #expect(agent.result.bytes.elementsEqual(Self.mebibyte.utf8.suffix(102_400)))
    }

    @Test("a command can be talked with until its input is closed")
    func conversation() throws {
        let agent = try ExecAgent(
            ExecCommand(argv: ["/bin/cat"], workingDirectory: nil, environment: ["PATH": "/usr/bin:/bin"]))
        var said = ""
        func hear(_ text: String) {
            let giveUp = ContinuousClock.now + .seconds(10)
            while said != text, ContinuousClock.now < giveUp {
                if case .output(_, let bytes) = agent.nextEvent() {
                    said += String(decoding: bytes, as: UTF8.self)
                } else {
                    agent.wait(atMost: .milliseconds(100))
                }
            }
            #expect(said == text)
        }
        agent.write(Array("one\n".utf8))
        hear("one\n")
        #expect(agent.unwrittenBytes == 0)
        #expect(!agent.interests.contains { $0.condition == .writable }, "nothing to write, nothing to wait for")
        agent.write(Array(Self.mebibyte.utf8))
        #expect(agent.unwrittenBytes > 0)
        hear("one\n" + Self.mebibyte)
        agent.write(Array("two\n".utf8))
        agent.closeInput()
        hear("one\n" + Self.mebibyte + "two\n")
        #expect(runToEnd(agent).status == .exited(0))
        agent.write(Array("into the void".utf8))
        #expect(agent.unwrittenBytes == 0)
    }

    @Test("a command that never reads its input does not hang us")
    func unreadInput() throws {
        let outcome = runToEnd(try ExecAgent(shell("echo done", task: Self.mebibyte, stdin: .task)))
        #expect(outcome.stdoutText == "done\n")
        #expect(outcome.status == .exited(0))
    }

    @Test("a command that closes its input and goes on does not hang us")
    func closedInput() throws {
        let outcome = runToEnd(
            try ExecAgent(shell("exec <&-; echo closed; sleep 0.2; echo done", task: Self.mebibyte, stdin: .task)))
        #expect(outcome.stdoutText == "closed\ndone\n")
        #expect(outcome.status == .exited(0))
    }

    @Test("a flood stops while reading is paused, and goes on afterwards until cancelled")
    func flood() throws {
        let agent = try ExecAgent(shell("exec yes"))
        var outcome = Outcome()
        while outcome.stdout.count < 1 << 20 {
            if let event = agent.nextEvent() { outcome.take(event) } else { agent.wait() }
        }
        agent.isReadingPaused = true
        while let event = agent.nextEvent() { outcome.take(event) }
        #expect(agent.interests == [.init(descriptor: agent.child.pidfd, condition: .readable)])
        agent.wait(atMost: .milliseconds(20))
        #expect(agent.nextEvent() == nil)
        agent.isReadingPaused = false
        agent.wait()
        #expect(agent.nextEvent() != nil)
        agent.cancel(graceSeconds: 10)
        outcome = runToEnd(agent)
        #expect(outcome.status == .signalled(SIGTERM))
        #expect(agent.result.bytes.count == 102_400)
    }

    @Test("a paused command that ends keeps its output for later")
    func pausedEnd() throws {
        let agent = try ExecAgent(shell("echo kept"))
        agent.isReadingPaused = true
        let giveUp = ContinuousClock.now + .seconds(10)
        // Exits, waits for the pipes in vain, and ends up with nothing to wait for.
        while !(agent.deadline == nil && agent.interests.isEmpty) && ContinuousClock.now < giveUp {
            #expect(agent.nextEvent() == nil)
            agent.wait(atMost: .seconds(1))
        }
        agent.isReadingPaused = false
        let outcome = runToEnd(agent)
        #expect(outcome.stdoutText == "kept\n")
        #expect(outcome.status == .exited(0))
    }

    @Test("a command that ignores SIGTERM is killed after the grace")
    func stubborn() throws {
        let agent = try ExecAgent(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"))
        while agent.nextEvent() == nil { agent.wait() }
        let start = ContinuousClock.now
        agent.cancel(graceSeconds: 0.3)
        let outcome = runToEnd(agent)
        #expect(outcome.status == .signalled(SIGKILL))
        #expect(ContinuousClock.now - start >= .milliseconds(300))
    }

    @Test("a background child that holds the pipes delays the end by 200 ms and is killed")
    func heldPipes() throws {
        let agent = try ExecAgent(shell("sleep 1000 & echo $!"))
        let start = ContinuousClock.now
        let outcome = runToEnd(agent)
        #expect(outcome.status == .exited(0))
        #expect(ContinuousClock.now - start < .seconds(5))
        let sleeper = try #require(Int32(outcome.stdoutText.dropLast()))
        #expect(dies(sleeper))
    }

    @Test("invalid output becomes U+FFFD and scalars are not cut")
    func invalidOutput() throws {
        let outcome = runToEnd(try ExecAgent(shell(#"printf '\342\202'; sleep 0.05; printf '\254\377x\360\237'"#)))
        #expect(outcome.stdoutText == "€\u{FFFD}x\u{FFFD}")
    }

    @Test("chunks stay within 32 KiB when every byte is replaced by three")
    func invalidFlood() throws {
        let outcome = runToEnd(try ExecAgent(shell(#"head -c 100000 /dev/zero | tr '\000' '\377'"#)))
        #expect(outcome.stdout.count == 300_000)
        #expect(outcome.largestChunk <= 32_768)
    }

    @Test("a command that cannot be started is an error at once")
    func missing() {
        #expect(throws: AgentError.emptyCommand) {
            _ = try ExecAgent(ExecCommand(template: [], task: "", environment: [:]))
        }
        #expect(throws: AgentError.spawnFailed(path: "/no/such", errno: ENOENT)) {
            _ = try ExecAgent(ExecCommand(template: ["/no/such"], task: "", environment: [:]))
        }
    }

    @Test("dropping an agent kills its command")
    func dropped() throws {
        var agent: ExecAgent? = try ExecAgent(shell("exec sleep 1000"))
        let pid = try #require(agent).child.pid
        #expect(isAlive(pid))
        agent = nil
        #expect(!isAlive(pid))
    }
}
