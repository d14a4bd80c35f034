internal import Agents
internal import EventLoop
internal import Files
internal import Glibc
internal import JSON
internal import Wire

/// A run under the gateway itself: starts the command when the gateway says so, and tells it on standard output what the
/// command says and how it ends. No socket, no key, no token.
///
/// A process of its own all the same: what the command leaves behind becomes this one's child, and is told by that from
/// what others leave. It ends its command when the gateway is gone, and has nobody to come back to.
final class LocalRun {
    private static let cancelGraceSeconds = 3.0

    private let bootstrap: LocalBootstrap
    private let environment: [String: String]
    private let signals: FileDescriptor
    private var line = LocalOutput(STDOUT_FILENO)
    private var isGatewayGone = false

    init(_ bootstrap: LocalBootstrap, environment: [String: String]) throws(Worker.Failure) {
        self.bootstrap = bootstrap
        self.environment = environment
        do throws(AgentError) {
            signals = try Worker.prepareProcess()
        } catch {
            throw .bootstrap("\(error)")
        }
    }

    func run() -> Int32 {
        guard let order = WorkOrder(bootstrap.work) else {
            return finish([("status", "error"), ("cause", "the work order has no command")])
        }
        line.say(.ready)
        guard mayBegin() else { return 1 }
        guard case .exec(let template, let stdin) = order.program else {
            return finish([("status", "error"), ("cause", "an agent that speaks ACP cannot run locally")])
        }
        do {
            let commands = CommandHost(
                gatewayID: bootstrap.gatewayID, directory: bootstrap.directory, hidden: bootstrap.hidden,
                environment: environment)
            if !order.attachments.isEmpty {
                try AttachedFile.write(order.attachments, to: bootstrap.directory + "/" + AttachedFile.directory)
            }
            if order.isolation.isSandbox { try prepareIsolation(order.isolation) }
            let agent = try commands.start(
                ExecCommand(
                    template: template, task: order.task, stdinMode: stdin,
                    workingDirectory: try commands.workingDirectory(order), environment: commandEnvironment(order)),
                order.isolation)
            let (status, wasEnded) = supervise(agent)
            if wasEnded || !status.isSuccess { commands.removeContainer(order.isolation) }
            return finish(Self.result(of: agent, status, wasEnded: wasEnded))
        } catch {
            // What a shell says for a command that is not there.
            return finish([("status", "error"), ("exitCode", 127), ("cause", .string("\(error)"))])
        }
    }

    private func prepareIsolation(_ isolation: Isolation) throws {
        try Files.makeDirectory(IsolatedCommand.ownWorkingDirectory(bootstrap.directory))
        if let user = isolation.user { try PrivateDirectory.give(bootstrap.directory, to: user) }
    }

    private func commandEnvironment(_ order: WorkOrder) -> [String: String] {
        ChildEnvironment.local(
            inherited: environment, configured: order.environment, bootstrap: bootstrap,
            executable: ChildEnvironment.executable(order.isolation), isolation: order.isolation
        ).merging(order.variables(in: bootstrap.directory)) { $1 }
    }

    // MARK: - The gateway

    /// Waits until it is durable that the run begins.
    private func mayBegin() -> Bool {
        while !isGatewayGone, !isTerminated() {
            var polled = [pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)]
            polled += line.interests + [pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)]
            _ = unsafe poll(&polled, nfds_t(polled.count), 1000)
            line.write()
            guard polled.last?.revents != 0 else { continue }
            if hear() == LocalMessage.go { return true }
        }
        return false
    }

    /// Reads what the gateway says; at its end there is no gateway any more.
    private func hear() -> UInt8? {
        var byte: UInt8 = 0
        let count = unsafe read(STDIN_FILENO, &byte, 1)
        if count == 1 { return byte }
        if count == 0 || (errno != EINTR && errno != EAGAIN) { isGatewayGone = true }
        return nil
    }

    private func isTerminated() -> Bool {
        var polled = pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, 0) > 0
    }

    // MARK: - The command

    /// - Returns: how the command ended, and whether it was told to.
    private func supervise(_ agent: ExecAgent) -> (ExitStatus, wasEnded: Bool) {
        var wasEnded = false
        while true {
            isGatewayGone = isGatewayGone || line.isBroken
            if !wasEnded, isGatewayGone || isTerminated() {
                wasEnded = true
                agent.cancel(graceSeconds: Self.cancelGraceSeconds)
            }
            // When nobody takes the output the command waits on its full pipe, and we do not grow. But nobody waits for
            // a gateway that is gone.
            agent.isReadingPaused = line.isFull && !wasEnded
            while let event = agent.nextEvent() {
                switch event {
                case .output(let stream, let bytes):
                    if !wasEnded {
                        line.say(
                            .output(
                                stream: stream == .stdout ? "stdout" : "stderr",
                                text: String(decoding: bytes, as: UTF8.self)))
                    }
                case .ended(let status): return (status, wasEnded)
                }
                agent.isReadingPaused = line.isFull && !wasEnded
            }
            wait(agent, wasEnded: wasEnded)
        }
    }

    private func wait(_ agent: ExecAgent, wasEnded: Bool) {
        var polled = agent.interests.map { interest in
            pollfd(
                fd: interest.descriptor, events: Int16(interest.condition == .readable ? POLLIN : POLLOUT), revents: 0)
        }
        polled += line.interests
        if !wasEnded { polled.append(pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)) }
        let hearsGateway = !isGatewayGone
        if hearsGateway { polled.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
        var timeout = Duration.seconds(1)
        if let deadline = agent.deadline {
            timeout = min(timeout, max(ContinuousClock.now.duration(to: deadline), .zero))
        }
        let (seconds, attoseconds) = timeout.components
        _ = unsafe poll(
            &polled, nfds_t(polled.count), Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
        line.write()
        if hearsGateway, polled.last?.revents != 0 { _ = hear() }
    }

    private static func result(
        of agent: ExecAgent, _ status: ExitStatus, wasEnded: Bool
    ) -> [(String, JSON)] {
        var result: [(String, JSON)] = [
            ("exitCode", .integer(min(max(Int64(status.exitCode), 0), 255))), ("text", .string(agent.result.text)),
            ("totalBytes", .integer(agent.result.totalBytes)),
        ]
        if wasEnded {
            result += [("status", "killed"), ("cause", "it was told to end")]
        } else if status.isSuccess {
            result.append(("status", "ok"))
        } else {
            result += [("status", "error"), ("cause", .string("the command ended with \(status)"))]
        }
        return result
    }

    /// Hands in the result: the gateway has it when the pipe has.
    private func finish(_ result: [(String, JSON)]) -> Int32 {
        line.say(.end(JSONObject(result)))
        while !line.isBroken, line.hasMore, !isGatewayGone {
            var polled = line.interests + [pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)]
            _ = unsafe poll(&polled, nfds_t(polled.count), 1000)
            line.write()
            if polled.last?.revents != 0 { _ = hear() }
        }
        return line.hasMore ? 1 : 0
    }
}
