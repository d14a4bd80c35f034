internal import Agents
internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc

/// Being a service: telling the manager, being watched, and making place for a successor.
extension GatewayServer {
    static let pulseInterval = Duration.seconds(1)
    private static let stuckAfter = Duration.seconds(5)

    /// Asks the reactors whether they turn, once a second, and tells the manager while they do.
    func watchReactors(toldAt: MonotonicInstant = MonotonicInstant(nanoseconds: 0), wereStuck: [Int] = []) {
        let now = control.now
        let stuck = metrics.pulse.stuck(for: Self.stuckAfter, now: now)
        for index in stuck where !wereStuck.contains(index) {
            logger.log(.error, "gateway", "reactor \(index) has not turned for \(Self.stuckAfter)")
        }
        metrics.pulse.ask(addresses.map(\.handle), now: now)
        var told = toldAt
        if let watchdog = notifier.watchdog, now - toldAt >= watchdog / 3,
            metrics.pulse.stuck(for: watchdog / 2, now: now).isEmpty
        {
            notifier.alive()
            told = now
        }
        let interval = notifier.watchdog.map { min(Self.pulseInterval, $0 / 4) } ?? Self.pulseInterval
        _ = control.schedule(after: interval) { [weak self] _ in
            self?.watchReactors(toldAt: told, wereStuck: stuck)
        }
    }

    /// Whether a successor could start at all.
    func refusesRestart() -> String? {
        guard options.arguments != nil, Self.ownExecutable() != nil else {
            return "the program's own file is not known"
        }
        return options.checkConfiguration?()
    }

    /// Replaces the program by itself. Comes back only when that failed.
    func succeed(_ workers: [Handover.Worker]) -> StartFailure {
        guard let executable = Self.ownExecutable() else {
            return StartFailure(.ownProgram, "cannot restart: our own program is gone")
        }
        let handover = Handover(listeners: listeners.map { $0.socket.descriptor.raw }, lock: lock.raw, workers: workers)
        for raw in handover.listeners + [lock.raw] { Sockets.letInherit(raw) }
        var environment = options.environment
        for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { environment[name] = nil }
        environment[Handover.variable] = handover.text(pid: getpid())
        let code = ProcessImage.replace(
            executable: executable, arguments: options.arguments ?? [], environment: environment)
        return StartFailure(
            .ownProgram,
            "cannot restart: \(executable): \(String(describing: EventLoopError.system(call: "execve", errno: code)))")
    }

    /// After an upgrade the kernel says that the file we run is deleted; the new one is at its place.
    private static func ownExecutable() -> String? {
        guard let path = Files.currentExecutable() else { return nil }
        let suffix = " (deleted)"
        let name = path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
        return Files.exists(name) ? name : nil
    }
}
