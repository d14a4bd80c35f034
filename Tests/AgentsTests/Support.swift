import CLinux
import Glibc

@testable import Agents

let plainEnvironment = ["PATH": "/usr/bin:/bin"]

func shell(_ script: String, task: String = "", stdin: ExecCommand.StdinMode = .none) -> ExecCommand {
    ExecCommand(template: ["/bin/sh", "-c", script], task: task, stdinMode: stdin, environment: plainEnvironment)
}

struct Outcome {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var largestChunk = 0
    var status: ExitStatus?

    var stdoutText: String { String(decoding: stdout, as: UTF8.self) }
    var stderrText: String { String(decoding: stderr, as: UTF8.self) }

    mutating func take(_ event: ExecAgent.Event) {
        switch event {
        case .output(let stream, let bytes):
            largestChunk = max(largestChunk, bytes.count)
            if stream == .stdout { stdout += bytes } else { stderr += bytes }
        case .ended(let status):
            self.status = status
        }
    }
}

/// Runs to the end, or gives up after `limit` with `status` nil.
func runToEnd(_ agent: ExecAgent, limit: Duration = .seconds(20)) -> Outcome {
    var outcome = Outcome()
    let giveUp = ContinuousClock.now + limit
    while outcome.status == nil && ContinuousClock.now < giveUp {
        while outcome.status == nil, let event = agent.nextEvent() { outcome.take(event) }
        if outcome.status == nil { agent.wait(atMost: .seconds(1)) }
    }
    return outcome
}

/// Waits for a process by its pidfd, not by the clock.
func awaitExit(_ child: ChildProcess, milliseconds: Int32 = 10_000) -> ExitStatus? {
    var polled = pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0)
    unsafe poll(&polled, 1, milliseconds)
    return child.reap()
}

/// Reads to the end of file from a non-blocking descriptor, then closes it.
func readAll(_ descriptor: Int32?) -> String {
    guard let descriptor else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, 10_000) == 1 else { break }
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count <= 0 { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Running or able to run: neither gone nor dead and waiting for its parent.
func isAlive(_ pid: Int32) -> Bool {
    guard let stat = ProcFiles.stat(of: pid) else { return false }
    return !stat.isZombie
}

/// Whether the process dies soon: SIGKILL has been sent, but takes its time.
func dies(_ pid: Int32) -> Bool {
    let pidfd = sallyport_pidfd_open(pid)
    guard pidfd >= 0 else { return true }
    defer { close(pidfd) }
    var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&polled, 1, 10_000) == 1
}

func openDescriptorCount() -> Int {
    (0..<Int32(1024)).count { fcntl($0, F_GETFD) >= 0 }
}
