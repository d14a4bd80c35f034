internal import ACP
internal import Agents
internal import EventLoop
internal import JSON

/// The talk with an ACP agent: performs what ``ACPClient`` decides, and says what the agent says to the gateway.
final class ACPSession {
    /// Of what the agent has not read beyond which nothing more is read from it.
    private static let maxUnwrittenBytes = 16 << 20
    /// Between the end of its input and the end of the agent.
    private static let closingTime = Duration.seconds(2)
    private static let graceSeconds = 3.0
    /// Shorter than the gateway's patience with a worker that is told to stop.
    private static let cancelledGraceSeconds = 1.5

    private var client: ACPClient
    private let agent: ExecAgent
    private var connection: RunConnection
    private let files: WorkspaceFiles
    let terminals: ACPTerminals
    /// The last of what the agent said, the run's visible text.
    private var text = ResultBuffer()
    private var outcome: ACPClient.Outcome?
    /// The agent has answered, and is kept for the next prompt.
    var isIdle: Bool { outcome != nil && client.isIdle }
    private var terminateAt: MonotonicInstant?
    /// Nobody is there any more to hear what the agent says.
    var isAbandoned = false

    init(
        _ settings: ACPClient.Settings, agent: ExecAgent, connection: RunConnection, files: WorkspaceFiles,
        terminals: ACPTerminals
    ) {
        client = ACPClient(settings)
        self.agent = agent
        self.connection = connection
        self.files = files
        self.terminals = terminals
        perform(client.start(nowMs: Self.nowMs()))
    }

    /// Whether to leave the agent's output where it is for now.
    var isBacklogged: Bool { agent.unwrittenBytes > Self.maxUnwrittenBytes }

    /// When to call ``advance()`` though nothing happened.
    var deadline: MonotonicInstant? {
        [terminateAt, client.deadlineMs.map { .now() + .milliseconds(max(0, $0 - Self.nowMs())) }].compactMap(\.self)
            .min()
    }

    func advance() {
        for (number, decision) in connection.takeDecisions() { perform(client.decided(number, decision)) }
        for (id, exit) in terminals.advance() { perform(client.terminalEnded(id, exit)) }
        perform(client.timePassed(nowMs: Self.nowMs()))
        if let terminateAt, MonotonicInstant.now() >= terminateAt {
            self.terminateAt = nil
            agent.cancel(graceSeconds: Self.graceSeconds)
        }
    }

    /// The next run of the session is at hand.
    func prompt(_ order: WorkOrder, _ attachments: [ACPClient.Attachment], over connection: RunConnection) {
        self.connection = connection
        outcome = nil
        text = ResultBuffer()
        isAbandoned = false
        perform(client.prompt(order.task, attachments: attachments, nowMs: Self.nowMs()))
    }

    /// No other prompt comes.
    func close() {
        agent.closeInput()
        if terminateAt == nil { terminateAt = .now() + Self.closingTime }
    }

    func cancel() {
        // One that has answered may still be on its way out.
        if client.isOver || client.isIdle { agent.cancel(graceSeconds: Self.cancelledGraceSeconds) }
        perform(client.cancel(nowMs: Self.nowMs()))
    }

    func received(_ stream: ExecAgent.Stream, _ bytes: [UInt8]) {
        switch stream {
        case .stdout: perform(client.received(bytes, nowMs: Self.nowMs()))
        case .stderr:
            guard !isAbandoned else { return }
            connection.send(output: String(decoding: bytes, as: UTF8.self), stream: "stderr")
        }
    }

    func ended() {
        perform(client.ended())
        terminals.releaseAll()
    }

    // MARK: - Actions

    private func perform(_ actions: [ACPClient.Action]) {
        var said = ""
        var thought = ""
        for action in actions {
            // What is said in one breath goes out in one piece.
            if case .report(.text(let text)) = action, thought.isEmpty {
                said += text
                continue
            }
            if case .report(.thought(let text)) = action, said.isEmpty {
                thought += text
                continue
            }
            flush(&said, &thought)
            perform(action, &said, &thought)
        }
        flush(&said, &thought)
    }

    private func perform(_ action: ACPClient.Action, _ said: inout String, _ thought: inout String) {
        switch action {
        case .write(let line): agent.write(line)
        case .report(.text(let text)): said = text
        case .report(.thought(let text)): thought = text
        case .report(.tool(let call)):
            for phase in call.phases { tell("tool", .object(call.data(phase))) }
        case .report(.plan(let entries)): tell("plan", ["phase": "update", "entries": .array(entries)])
        case .report(.usage(let usage)): tell("usage", usage)
        case .opened(let sessionID, let canLoad):
            if canLoad { tell("session", ["sessionId": .string(sessionID)]) }
        case .readFile(let request): perform(client.fileRead(request, files.read(request.path)))
        case .writeFile(let request, let content):
            perform(client.fileWritten(request, files.write(request.path, content)))
        case .startTerminal(let number, let command):
            perform(client.terminalStarted(number, terminals.start(command)))
        case .readTerminal(let number, let id):
            let read = terminals.read(id)
            perform(
                client.terminalRead(number, output: read.output, isTruncated: read.isTruncated, exit: read.exit))
        case .killTerminal(let id): terminals.kill(id)
        case .releaseTerminal(let id): terminals.release(id)
        case .ask(let request): connection.ask(request)
        case .finished(let outcome): finish(outcome)
        }
    }

    private func tell(_ stream: String, _ data: JSON) {
        if !isAbandoned { connection.send(event: stream, data) }
    }

    private func flush(_ said: inout String, _ thought: inout String) {
        for piece in UTF8Chunker.split(Array(said.utf8), maxBytes: ExecAgent.maxChunkBytes) {
            text.append(piece)
            if !isAbandoned { connection.send(output: String(decoding: piece, as: UTF8.self), stream: "stdout") }
        }
        for piece in UTF8Chunker.split(Array(thought.utf8), maxBytes: ExecAgent.maxChunkBytes) {
            tell("thinking", ["delta": .string(String(decoding: piece, as: UTF8.self))])
        }
        (said, thought) = ("", "")
    }

    private func finish(_ outcome: ACPClient.Outcome) {
        self.outcome = outcome
        // What it has not released ends with its turn.
        terminals.releaseAll()
        guard !client.isIdle else { return }
        agent.closeInput()
        switch outcome {
        case .stopped(.cancelled): agent.cancel(graceSeconds: Self.cancelledGraceSeconds)
        case .stopped: terminateAt = .now() + Self.closingTime
        case .failed: agent.cancel(graceSeconds: Self.graceSeconds)
        }
    }

    // MARK: - The result

    /// - Parameter status: nil while the agent goes on.
    func result(_ status: ExitStatus?, cancelReason: String?) -> [(String, JSON)] {
        var result: [(String, JSON)] = [("text", .string(text.text)), ("totalBytes", .integer(text.totalBytes))]
        if let cancelReason { return result + [("status", "killed"), ("cause", .string(cancelReason))] }
        switch outcome {
        case .stopped(let reason):
            guard let problem = reason.problem else {
                result += [("status", "ok"), ("exitCode", 0)]
                return result
            }
            result += [("status", "error"), ("cause", .string(problem))]
        case .failed(let failure):
            result += [("status", "error"), ("cause", .string(explained(failure, status)))]
        case nil:
            let how = status.map { "\($0)" } ?? "nothing said"
            result += [("status", "error"), ("cause", .string("the agent ended with \(how)"))]
        }
        return result
    }

    /// With how the process ended, where that says more, and the last lines that it logged.
    private func explained(_ failure: ACPFailure, _ status: ExitStatus?) -> String {
        var cause = "\(failure)"
        if case .ended = failure, let status { cause += " (\(status))" }
        let lines = agent.errorText.text.split(whereSeparator: \.isNewline).suffix(3).map { line in
            String(
                String.UnicodeScalarView(
                    line.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
        }
        return lines.isEmpty ? cause : cause + "; it logged: " + lines.joined(separator: " | ")
    }

    private static func nowMs() -> Int64 { MonotonicInstant.now().nanoseconds / 1_000_000 }
}
