internal import ACP
internal import Agents
internal import CLinux
internal import Client
internal import Crypto
internal import EventLoop
internal import Files
internal import Glibc
internal import JSON
internal import TLS
internal import Trust
internal import Wire

/// One run: dials the gateway as its derived device, attaches, runs the agent command, streams its output, hands in the
/// result. A process of its own (`sallyport worker`), so that a crash of either side leaves the other standing.
package final class Worker {
    /// How long the gateway may be away before its worker has attached; after that the gateway says.
    private static let gatewayGrace = Duration.seconds(60)
    private static let cancelGraceSeconds = 3.0

    private(set) var bootstrap: WorkerBootstrap
    private let identity: SigningIdentity
    private(set) var connection: RunConnection
    let signals: FileDescriptor
    /// Our own.
    let environment: [String: String]

    /// Of the first run: what it has started goes on under that one's names.
    let commands: CommandHost
    /// What an isolated command has to be told of another certificate by.
    var onAnnouncedPins: (() -> Void)?

    package enum Failure: Error, Equatable, Sendable {
        case bootstrap(String)
    }

    /// Runs the worker whose orders lie in ``WorkerBootstrap/descriptor``. To be called with SIGTERM and SIGINT blocked.
    /// - Returns: the exit status of the process.
    package static func run(environment: [String: String]) throws(Failure) -> Int32 {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.readAll(
                WorkerBootstrap.descriptor, path: "the bootstrap pipe", maxBytes: LocalBootstrap.maxBytes)
        } catch {
            throw .bootstrap("\(error); sallyport worker is started by the gateway, not by hand")
        }
        close(WorkerBootstrap.descriptor)
        let orders = try? JSONParser.parse(bytes)
        if let local = orders.flatMap(LocalBootstrap.init) {
            return try LocalRun(local, environment: environment).run()
        }
        guard let orders, let bootstrap = WorkerBootstrap(orders),
            let seed = Base64URL.decode(bootstrap.seed), let identity = try? SigningIdentity(seed: seed)
        else { throw .bootstrap("the bootstrap pipe does not hold a worker's orders") }
        // Whoever started us removes them too, but it may be another one by then, or gone.
        defer {
            Files.removeTree(bootstrap.directory)
            if let path = bootstrap.markPath { Files.remove(path) }
        }
        leaveMark(bootstrap)
        return try Worker(bootstrap, identity, environment: environment).run()
    }

    /// Best effort: without it we are taken for gone by whoever comes after those that started us.
    private static func leaveMark(_ bootstrap: WorkerBootstrap, removal: [String] = []) {
        guard let path = bootstrap.markPath, let process = ProcessMark.own else { return }
        let mark = WorkerMark(
            process: process, runID: bootstrap.runID, attempt: bootstrap.attempt, directory: bootstrap.directory,
            removal: removal)
        try? mark.write(path)
    }

    /// A container is no process of ours: who comes after us has to know how to end it.
    private func noteContainer(_ isolation: Isolation) {
        guard isolation.kind == .container, let container = isolation.container else { return }
        let name = ContainerRun.name(gatewayID: bootstrap.gatewayID, directory: bootstrap.directory)
        Self.leaveMark(bootstrap, removal: ContainerRun.removal(container, name: name))
    }

    private init(
        _ bootstrap: WorkerBootstrap, _ identity: SigningIdentity, environment: [String: String]
    ) throws(Failure) {
        self.bootstrap = bootstrap
        self.identity = identity
        self.environment = environment
        commands = CommandHost(
            gatewayID: bootstrap.gatewayID, directory: bootstrap.directory, hidden: bootstrap.hidden,
            environment: environment)
        do {
            signals = try Self.prepareProcess()
            connection = try Self.connection(bootstrap, interrupt: signals.raw)
        } catch {
            throw .bootstrap("\(error)")
        }
    }

    /// What every process does first that has commands below it.
    ///
    /// - Returns: where SIGTERM and SIGINT are seen.
    static func prepareProcess() throws(AgentError) -> FileDescriptor {
        try ProcessTree.makeUndumpable()
        try ProcessTree.becomeSubreaper()
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&set, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        return FileDescriptor(owning: unsafe sallyport_signalfd(&set))
    }

    private static func connection(_ bootstrap: WorkerBootstrap, interrupt: Int32) throws -> RunConnection {
        RunConnection(
            try options(bootstrap, interrupt: interrupt), runToken: bootstrap.runToken, runID: bootstrap.runID,
            attempt: bootstrap.attempt, grace: gatewayGrace, stateDirectory: bootstrap.directory)
    }

    /// No proxies: the gateway that a worker dials is on its own host, or at an address that the owner has named.
    private static func options(_ bootstrap: WorkerBootstrap, interrupt: Int32) throws -> ConnectOptions {
        var options = ConnectOptions(url: bootstrap.url)
        options.interrupt = interrupt
        let pins = bootstrap.pins.compactMap { CertificatePin($0) }
        if !pins.isEmpty {
            options.trust = .pins(PinSet(pins))
        } else if let path = bootstrap.authoritiesPath {
            options.trust = .authorities(path: path)
        }
        if let path = bootstrap.clientCertificatePath {
            options.identity = try ClientIdentity(certificatePath: path, keyPath: bootstrap.clientKeyPath)
        }
        options.clientId = "gateway-client"
        options.clientMode = "backend"
        options.displayName = bootstrap.sessionKey
        // Clamped to the grant; the run's own methods need no scope.
        options.scopes = ["operator.read"]
        options.token = bootstrap.token
        guard let seed = Base64URL.decode(bootstrap.seed) else { throw Failure.bootstrap("the seed is unreadable") }
        options.device = try DeviceKey(seed: seed)
        if bootstrap.presentsGrants { options.grants = bootstrap.grants }
        return options
    }

    private func run() -> Int32 {
        // The gateway removes it too, but it may be another one by then that does not know of us as its child.
        guard var order = attach() else { return 1 }
        do {
            if bootstrap.isElsewhere {
                try keepCertificates()
                order.isolation = try HostIsolation.here(order.isolation, environment: environment)
                noteContainer(order.isolation)
            }
            try PrivateDirectory.fill(bootstrap, identity: identity, nowMs: Self.wallClockMs())
            if !order.attachments.isEmpty {
                try AttachedFile.write(order.attachments, to: bootstrap.directory + "/" + AttachedFile.directory)
            }
            if order.isolation.isSandbox { try prepareIsolation(order.isolation) }
            let environment = commandEnvironment(order)
            switch order.program {
            case .exec(let template, let stdin):
                let command = ExecCommand(
                    template: template, task: order.task, stdinMode: stdin,
                    workingDirectory: try commands.workingDirectory(order), environment: environment)
                let agent = try commands.start(command, order.isolation)
                guard let status = supervise(agent) else { return 1 }
                removeContainer(order.isolation, after: status)
                return handIn(result(of: agent, status))
            case .acp(let argv, let mode, let resume):
                let (agent, session) = try start(argv, mode, resume: resume, order, environment)
                return converse(agent, session, order)
            }
        } catch {
            // What a shell says for a command that is not there.
            return handIn([
                ("status", "error"), ("exitCode", 127), ("cause", .string("\(error)")), ("text", ""), ("totalBytes", 0),
            ])
        }
    }

    /// Stock clients in the command verify the certificate of a gateway on another host as they would on its own.
    private func keepCertificates() throws {
        guard let shown = connection.gatewayCertificatesPEM else { return }
        try PrivateDirectory.writeCertificates(shown, bootstrap)
        bootstrap = PrivateDirectory.withOwnCertificates(bootstrap)
        connection.onOtherCertificates = { [bootstrap, unowned connection] in
            guard let shown = connection.gatewayCertificatesPEM else { return }
            try? PrivateDirectory.writeCertificates(shown, bootstrap)
        }
    }

    /// Starts an ACP agent; what it is given of the gateway's tools it may use as the session that it serves.
    private func start(
        _ argv: [String], _ mode: PermissionMode, resume: String?, _ order: WorkOrder, _ environment: [String: String]
    ) throws -> (ExecAgent, ACPSession) {
        let named = try commands.workingDirectory(order) ?? "."
        let user = order.isolation.isSandbox ? order.isolation.user : nil
        guard let directory = CommandHost.resolved(named),
            let files = WorkspaceFiles(directory, user: user, hidden: bootstrap.hidden + order.isolation.hidden)
        else { throw AgentError.workingDirectory(path: named, errno: errno) }
        var settings = ACPClient.Settings(
            workingDirectory: directory, prompt: order.task, clientVersion: order.serverVersion)
        settings.permissionMode = mode
        settings.resumeSessionID = resume
        settings.attachments = order.promptAttachments(in: bootstrap.directory)
        settings.isKept = bootstrap.keptMs != nil
        settings.cancelSeconds = 2
        if let executable = environment["SALLYPORT"] {
            let variables = environment.filter { ChildEnvironment.isOfRun($0.key) }.sorted { $0.key < $1.key }
            settings.mcpServers = [
                [
                    "name": "sallyport", "command": .string(executable), "args": ["mcp"],
                    "env": .array(variables.map { ["name": .string($0.key), "value": .string($0.value)] }),
                ]
            ]
        }
        let isolation = order.isolation
        let commands = commands
        let terminals = ACPTerminals(directory: directory, environment: environment) { command in
            try commands.start(command, isolation)
        }
        let agent = try commands.start(
            ExecCommand(argv: argv, workingDirectory: directory, environment: environment), order.isolation)
        return (agent, ACPSession(settings, agent: agent, connection: connection, files: files, terminals: terminals))
    }

    func attach() -> WorkOrder? {
        while true {
            connection.advance()
            switch connection.state {
            case .connected:
                if let order = connection.order.flatMap(WorkOrder.init) { return order }
                complain("the gateway's work order has no command")
                return nil
            case .lost(let why):
                complain(why)
                return nil
            case .waiting(let until):
                if isTerminated() { return nil }
                Pause.sleep(max(until - .now(), .milliseconds(1)), interrupt: signals.raw)
            }
        }
    }

    /// - Parameter session: with an agent that speaks ACP.
    /// - Returns: nil when the agent has answered and is kept.
    func supervise(_ agent: ExecAgent, _ session: ACPSession? = nil) -> ExitStatus? {
        var isCancelled = false
        while true {
            connection.advance()
            if !isCancelled, connection.cancelReason != nil || isLost || isTerminated() {
                isCancelled = true
                if let session { session.cancel() } else { agent.cancel(graceSeconds: Self.cancelGraceSeconds) }
            }
            // When nobody takes the output, the command waits on its full pipe instead of us growing. But when nobody
            // ever will, what it says is read and forgotten, or its end would wait for a gateway that is gone.
            let isAbandoned = isLost || isTerminated()
            session?.isAbandoned = isAbandoned
            session?.advance()
            agent.isReadingPaused = isFull(session) && !isAbandoned
            while let event = agent.nextEvent() {
                switch event {
                case .output(let stream, let bytes):
                    if let session {
                        session.received(stream, bytes)
                    } else if !isAbandoned {
                        connection.send(
                            output: String(decoding: bytes, as: UTF8.self),
                            stream: stream == .stdout ? "stdout" : "stderr")
                    }
                case .ended(let status):
                    session?.ended()
                    return status
                }
                agent.isReadingPaused = isFull(session) && !isAbandoned
            }
            if let session, session.isIdle, !isCancelled { return nil }
            wait(agent, session)
        }
    }

    private func isFull(_ session: ACPSession?) -> Bool { connection.isFull || session?.isBacklogged == true }

    private var isLost: Bool {
        if case .lost = connection.state { true } else { false }
    }

    /// Waits for the command, the gateway, a signal or a deadline.
    ///
    /// - Parameter orders: where the orders of the next run would come from, in place of the gateway's connection.
    func wait(_ agent: ExecAgent, _ session: ACPSession?, orders: Int32? = nil) {
        guard orders != nil || !connection.hasBufferedInput else { return }
        var polled = (agent.interests + (session?.terminals.interests ?? [])).map { interest in
            pollfd(
                fd: interest.descriptor, events: Int16(interest.condition == .readable ? POLLIN : POLLOUT), revents: 0)
        }
        // A signal that has been noticed stays readable and would keep us awake.
        if !isTerminated() { polled.append(pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)) }
        if let orders {
            polled.append(pollfd(fd: orders, events: Int16(POLLIN), revents: 0))
        } else if let descriptor = connection.descriptor {
            polled.append(
                pollfd(fd: descriptor, events: Int16(POLLIN | (connection.wantsWrite ? POLLOUT : 0)), revents: 0))
        }
        // At least once a second for pings and reconnects.
        var timeout = Duration.seconds(1)
        if orders == nil, case .waiting(let until) = connection.state {
            timeout = min(timeout, max(until - .now(), .zero))
        }
        if let deadline = session?.deadline { timeout = min(timeout, max(deadline - .now(), .zero)) }
        if let deadline = [agent.deadline, session?.terminals.deadline].compactMap(\.self).min() {
            timeout = min(timeout, max(ContinuousClock.now.duration(to: deadline), .zero))
        }
        let milliseconds =
            timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000 + 1
        _ = unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds))
    }

    func isTerminated() -> Bool {
        var polled = pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, 0) > 0
    }

    private func result(of agent: ExecAgent, _ status: ExitStatus) -> [(String, JSON)] {
        let code = Int64(status.exitCode)
        var result: [(String, JSON)] = [
            ("exitCode", .integer(min(max(code, 0), 255))), ("text", .string(agent.result.text)),
            ("totalBytes", .integer(agent.result.totalBytes)),
        ]
        if let reason = connection.cancelReason {
            result += [("status", "killed"), ("cause", .string(reason))]
        } else if status.isSuccess {
            result.append(("status", "ok"))
        } else {
            result += [("status", "error"), ("cause", .string("the command ended with \(status)"))]
        }
        return result
    }

    func removeContainer(_ isolation: Isolation, after status: ExitStatus) {
        if connection.cancelReason != nil || !status.isSuccess { commands.removeContainer(isolation) }
    }

    func handIn(_ result: [(String, JSON)]) -> Int32 {
        // Told to end, we do not outlast a gateway that has closed its connections already.
        connection.complete(result, unless: isTerminated) ? 0 : 1
    }

    /// The next run of the session, with its own identity and token.
    func take(_ next: WorkerBootstrap) throws {
        if next.pins != bootstrap.pins {
            let pins = next.pins.compactMap { CertificatePin($0) }
            if !pins.isEmpty { try AnnouncedPins.write(PinSet(pins), stateDirectory: next.directory) }
            onAnnouncedPins?()
        }
        bootstrap = next
        // A gateway that comes after this one has to find us at this run; the container is that of the first.
        Self.leaveMark(next, removal: next.markPath.flatMap(WorkerMark.read)?.removal ?? [])
        connection = try Self.connection(next, interrupt: signals.raw)
        connection.onAnnouncedPins = onAnnouncedPins
        try PrivateDirectory.renew(next)
    }

    /// Our standard error is the gateway's log.
    private func complain(_ what: String) {
        let line = "sallyport worker: run \(bootstrap.runID): \(what)\n"
        try? Files.writeAll(STDERR_FILENO, Array(line.utf8), path: "standard error")
    }

    private static func wallClockMs() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
