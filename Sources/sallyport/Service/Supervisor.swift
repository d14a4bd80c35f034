internal import Agents
internal import Config
internal import EventLoop
internal import Files
internal import Glibc
internal import Server

/// Where there is no service manager: a process that starts the gateway, starts it again when it crashed, and passes
/// signals on. Ends with the gateway's exit code once that has stopped on purpose, or cannot start at all.
final class Supervisor: EventHandler {
    private static let firstDelay = Duration.seconds(1)
    private static let maxDelay = Duration.seconds(30)
    /// After such a life the next crash counts as the first.
    private static let longLife = Duration.seconds(60)

    static let command = Command(
        "gateway supervise", operands: "[-- OPTIONS…]",
        summary: "Keeps a gateway running in the background (started by gateway start).",
        options: [
            .init("state-dir", "DIR", "state directory")
        ], handlesSignals: true, isHidden: true
    ) { invocation in
        let state = StateDirectory(try Locations.resolve(invocation).stateDirectory)
        guard let executable = Files.currentExecutable() else {
            throw CommandFailure(.ownProgram, "our own program is not known")
        }
        do {
            try Files.makeDirectory(state.path + "/run")
            let lock = try FileLock(state.supervisorFile, holder: String(getpid()))
            defer { Files.remove(state.supervisorFile) }
            let supervisor = Supervisor(
                lock, try SupervisorLog(state.serviceLog), executable,
                ["gateway", "run", "--state-dir", state.path] + invocation.arguments.operands,
                environment: invocation.environment)
            return supervisor.run()
        } catch let error as FileError {
            if case .locked(_, let holder) = error {
                throw CommandFailure(
                    .supervisor, "a supervisor runs already (process \(holder))",
                    hint: "stop it with: sallyport gateway stop")
            }
            throw CommandFailure(.supervisor, "cannot supervise: \(error)")
        }
    }

    /// Held for as long as this lives.
    private let lock: FileLock
    private let log: SupervisorLog
    private let executable: String
    private let arguments: [String]
    private let environment: [String: String]
    private var child: ChildProcess?
    private var registration: Registration?
    private var startedAt = MonotonicInstant.now()
    private var delay = Supervisor.firstDelay
    private var isStopping = false
    private var exitCode: Int32 = 0

    private init(
        _ lock: consuming FileLock, _ log: SupervisorLog, _ executable: String, _ arguments: [String],
        environment: [String: String]
    ) {
        self.log = log
        self.lock = lock
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    private func run() -> Int32 {
        defer { log.drain() }
        do throws(EventLoopError) {
            let reactor = try Reactor()
            let signals = try SignalSource(on: reactor) { [unowned self] signal, reactor in take(signal, reactor) }
            defer { signals.cancel(in: reactor) }
            try log.start(in: reactor)
            start(in: reactor)
            reactor.run()
        } catch {
            note("cannot supervise: \(error)")
            return 1
        }
        return exitCode
    }

    private func start(in reactor: Reactor) {
        startedAt = .now()
        do {
            let child = try ChildProcess.spawn(
                ProcessSpec(
                    executable: executable, arguments: arguments, environment: environment, newProcessGroup: false,
                    standardOutput: .descriptor(log.writing), standardError: .descriptor(log.writing)))
            registration = try reactor.register(child.pidfd, for: .read, handler: self)
            self.child = child
        } catch {
            note("cannot start the gateway: \(error)")
            again(in: reactor)
        }
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        guard let status = child?.reap() else { return }
        if let registration { reactor.deregister(registration) }
        registration = nil
        child = nil
        exitCode = status.exitCode
        if isStopping || exitCode == 0 || exitCode == 78 {
            if exitCode == 78 { note("the gateway cannot start (exit code 78): it is not started again") }
            reactor.stop()
            return
        }
        note("the gateway ended: \(status)")
        if MonotonicInstant.now() - startedAt > Self.longLife { delay = Self.firstDelay }
        again(in: reactor)
    }

    private func again(in reactor: Reactor) {
        note("starting it again in \(delay)")
        _ = reactor.schedule(after: delay) { [weak self] reactor in
            guard let self, !self.isStopping else { return }
            self.start(in: reactor)
        }
        delay = min(delay * 2, Self.maxDelay)
    }

    private func take(_ signal: SignalSource.Signal, _ reactor: Reactor) {
        if signal == .terminate || signal == .interrupt {
            isStopping = true
            guard child != nil else {
                reactor.stop()
                return
            }
        }
        child?.signal(signal.rawValue)
    }

    private func note(_ text: String) {
        log.drain()
        log.note(text)
    }
}
