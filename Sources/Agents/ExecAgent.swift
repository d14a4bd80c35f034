internal import CLinux
internal import Glibc

/// Runs one command to its end, for an owner with a `poll` or `epoll` loop.
///
/// The owner waits for ``interests`` and ``deadline`` (or calls ``wait(atMost:)``), then takes events with
/// ``nextEvent()`` until there is none. No call blocks except ``wait(atMost:)`` and, for a command that has not ended,
/// `deinit`, which kills it. Belongs to one thread.
///
/// At its end nothing of the command is left: its process group is killed and so are adopted children as ``Orphans``
/// says.
package final class ExecAgent {
    package enum Stream: Equatable, Sendable { case stdout, stderr }

    package enum Event: Equatable, Sendable {
        /// Valid UTF-8, cut at a scalar, at most ``maxChunkBytes``.
        case output(stream: Stream, bytes: [UInt8])
        /// The last event.
        case ended(ExitStatus)
    }

    /// A descriptor to wait for. The set changes with every call; the descriptors themselves live until the end.
    package struct Interest: Equatable, Sendable {
        package enum Condition: Equatable, Sendable { case readable, writable }
        package let descriptor: Int32
        package let condition: Condition
    }

    /// What happens to processes that escaped from the group and were adopted (``ProcessTree/becomeSubreaper()``).
    package enum Orphans: Equatable, Sendable {
        case leave
        /// Kills those started with this `NAME=value`: for a process with several commands at a time.
        case kill(matchingEnvironment: String)
        /// Kills whatever no ``ChildProcess`` stands for: for a process with one command.
        case killAll
    }

    package static let maxChunkBytes = 32 * 1024
    package static let maxErrorTextBytes = 8 * 1024

    /// The command's process. For its pid; signals and reaping are the agent's.
    package let child: ChildProcess
    /// The last of standard output, the run's visible text.
    package private(set) var result = ResultBuffer()
    /// The last of standard error, to explain a failure.
    package private(set) var errorText = ResultBuffer(limit: ExecAgent.maxErrorTextBytes)
    /// While set no output is read and at most a pipe's worth of it exists, since the command blocks on its full pipe.
    package var isReadingPaused = false
    /// Set once the command has ended and been reaped; output may still be waiting in ``nextEvent()``.
    package private(set) var exitStatus: ExitStatus?

    private let orphans: Orphans
    private let clock = ContinuousClock()
    private var lifecycle = ExecLifecycle()
    private var input: InputPipe
    private var outputs: [OutputPipe]
    private var nextOutput = 0
    private var hasExited = false
    private var endReported = false
    private var queue: [Event] = []
    private var buffer = [UInt8](repeating: 0, count: ExecAgent.maxChunkBytes)

    /// Starts the command in a process group of its own. Ignores SIGPIPE in this process from then on.
    package init(_ command: ExecCommand, orphans: Orphans = .leave) throws(AgentError) {
        guard let executable = command.argv.first else { throw .emptyCommand }
        sallyport_ignore_broken_pipes()
        child = try ChildProcess.spawn(
            ProcessSpec(
                executable: executable, arguments: Array(command.argv.dropFirst()), environment: command.environment,
                workingDirectory: command.workingDirectory, newProcessGroup: true,
                standardInput: command.stdinMode == .none ? .null : .pipe, standardOutput: .pipe, standardError: .pipe,
                inherited: command.inherited))
        self.orphans = orphans
        input = InputPipe(
            descriptor: child.standardInput, bytes: Array(command.task.utf8), staysOpen: command.stdinMode == .open)
        outputs = [OutputPipe(descriptor: child.standardOutput), OutputPipe(descriptor: child.standardError)]
    }

    deinit {
        input.finish()
        for index in outputs.indices { _ = outputs[index].finish() }
        guard exitStatus == nil else { return }
        killGroup()
        var exit = pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0)
        unsafe poll(&exit, 1, 1000)
        _ = child.reap()
    }

    /// SIGTERM to the command's group now, SIGKILL after `graceSeconds`. The end is still reported by ``nextEvent()``.
    package func cancel(graceSeconds: Double) {
        lifecycle.cancel(grace: .seconds(max(graceSeconds, 0)), now: clock.now)
        advance()
    }

    /// Says something to a command whose input stays open; it is written as fast as the command reads.
    package func write(_ bytes: [UInt8]) {
        input.append(bytes)
        input.write()
    }

    /// What the command has not read yet.
    package var unwrittenBytes: Int { input.unwritten }

    /// Ends the command's input after what is still to be written.
    package func closeInput() {
        input.closeWhenWritten()
        input.write()
    }

    /// The next event, or `nil` until something happens. Reads at most one chunk that has text.
    package func nextEvent() -> Event? {
        input.write()
        while queue.isEmpty {
            advance()
            guard !isReadingPaused, readOnce() else { break }
        }
        if !queue.isEmpty { return queue.removeFirst() }
        guard let exitStatus, !endReported else { return nil }
        endReported = true
        return .ended(exitStatus)
    }

    package var interests: [Interest] {
        var interests: [Interest] = []
        if let descriptor = input.descriptor, input.wantsWrite {
            interests.append(Interest(descriptor: descriptor, condition: .writable))
        }
        if !isReadingPaused {
            for case let descriptor? in outputs.map(\.descriptor) {
                interests.append(Interest(descriptor: descriptor, condition: .readable))
            }
        }
        if !hasExited { interests.append(Interest(descriptor: child.pidfd, condition: .readable)) }
        return interests
    }

    /// When to call ``nextEvent()`` though nothing happened.
    package var deadline: ContinuousClock.Instant? { lifecycle.deadline }

    /// Blocks until ``nextEvent()`` may have something, or `limit` has passed.
    package func wait(atMost limit: Duration? = nil) {
        guard queue.isEmpty, exitStatus == nil else { return }
        var polled = interests.map { interest in
            pollfd(
                fd: interest.descriptor, events: Int16(interest.condition == .readable ? POLLIN : POLLOUT), revents: 0)
        }
        let untilDeadline = deadline.map { clock.now.duration(to: $0) }
        let timeout = [limit, untilDeadline].compactMap(\.self).min()
        if polled.isEmpty && timeout == nil { return }
        unsafe poll(&polled, nfds_t(polled.count), Self.milliseconds(timeout))
    }

    /// Rounded up, so that a deadline has passed when its wait is over.
    private static func milliseconds(_ timeout: Duration?) -> Int32 {
        guard let timeout else { return -1 }
        let (seconds, attoseconds) = timeout.components
        if seconds < 0 || attoseconds < 0 { return 0 }
        return Int32(min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Does whatever is due.
    private func advance() {
        if !hasExited && child.peek() != nil {
            hasExited = true
            input.finish()
        }
        while true {
            var facts = ExecLifecycle.Facts(hasExited: hasExited)
            facts.outputsEnded = outputs.allSatisfy { $0.descriptor == nil }
            facts.outputsDrained = facts.outputsEnded
            guard let action = lifecycle.next(facts, now: clock.now) else { return }
            perform(action)
        }
    }

    private func perform(_ action: ExecLifecycle.Action) {
        switch action {
        case .terminateGroup:
            child.signalGroup(SIGTERM)
        case .killGroup:
            killGroup()
        case .sweep:
            lifecycle.swept(remaining: sweepOrphans(), now: clock.now)
            if lifecycle.isFlushing {
                for index in outputs.indices { outputs[index].limitToPresentContents() }
            }
        case .finish:
            exitStatus = child.reap() ?? .lost
        }
    }

    /// The group, and the command itself in case it left its group.
    private func killGroup() {
        child.signalGroup(SIGKILL)
        child.signal(SIGKILL)
    }

    private func sweepOrphans() -> Int {
        switch orphans {
        case .leave: 0
        case .kill(let entry): ProcessTree.sweepAdoptedChildren(matchingEnvironment: entry).remaining
        case .killAll: ProcessTree.sweepAdoptedChildren().remaining
        }
    }

    /// Reads one chunk, turn by turn from the two streams.
    ///
    /// - Returns: Whether anything happened, be it only the end of a stream.
    private func readOnce() -> Bool {
        for _ in outputs.indices {
            let index = nextOutput
            nextOutput = (nextOutput + 1) % outputs.count
            guard outputs[index].descriptor != nil else { continue }
            switch outputs[index].read(into: &buffer) {
            case .text(let bytes), .ended(let bytes):
                deliver(bytes, stream: index == 0 ? .stdout : .stderr)
                return true
            case .nothingYet:
                continue
            }
        }
        return false
    }

    private func deliver(_ bytes: [UInt8], stream: Stream) {
        switch stream {
        case .stdout: result.append(bytes)
        case .stderr: errorText.append(bytes)
        }
        for piece in UTF8Chunker.split(bytes, maxBytes: Self.maxChunkBytes) {
            queue.append(.output(stream: stream, bytes: piece))
        }
    }
}
