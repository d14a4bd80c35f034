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

/// `sallyport worker --pool`: takes runs from a gateway elsewhere, derives and signs for their keys, and keeps a worker
/// process for each.
package final class PoolSupervisor {
    private static let stopGrace = Duration.seconds(5)
    private static let sweepInterval = Duration.seconds(60)
    /// In which a worker that an earlier life of ours has just started says which process it is.
    private static let firstSweepDelay = Duration.seconds(2)

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let settings: PoolSettings
    private let identity: SigningIdentity
    private let connection: PoolConnection
    private let signals: FileDescriptor
    private let executable: String
    /// For commands of other users.
    private let shared: SharedRuns
    /// They end containers.
    private var removals: [ChildProcess] = []
    private let inheritedChildren = Set(ProcessTree.children(of: getpid()))
    private var children: [String: PoolChild] = [:]
    /// Orders whose run still has a process that has to go first.
    private var successors: [String: PoolOrder] = [:]
    private var isDraining = false
    /// Told to leave; when what is left is ended.
    private var leaveBy: ContinuousClock.Instant?
    private var nextSweep = ContinuousClock.now + firstSweepDelay

    /// To be called with SIGTERM and SIGINT blocked. Returns the exit status of the process.
    package static func run(_ settings: PoolSettings) throws -> Int32 {
        try PoolSupervisor(settings).run()
    }

    private init(_ settings: PoolSettings) throws {
        var settings = settings
        guard let device = settings.options.device, let executable = Files.currentExecutable() else {
            throw Failure(description: "a pool worker needs a device identity")
        }
        identity = try SigningIdentity(seed: device.privateKey.seed)
        self.executable = executable
        shared = SharedRuns(name: identity.deviceID.prefix(16), environment: settings.environment)
        try ProcessTree.makeUndumpable()
        try ProcessTree.becomeSubreaper()
        try Files.makeDirectory(settings.childrenDirectory)
        try Files.makeDirectory(settings.marksDirectory)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&set, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signals = FileDescriptor(owning: unsafe sallyport_signalfd(&set))
        settings.options.interrupt = signals.raw
        self.settings = settings
        connection = PoolConnection(settings)
    }

    private func run() -> Int32 {
        find()
        while true {
            let orders = connection.advance { (children.keys.sorted(), isDraining) }
            for notice in connection.takeNotices() { say(notice) }
            for order in orders { perform(order) }
            look()
            if case .refused(let error) = connection.state {
                say("the gateway refuses this worker: \(error)")
                return end(1)
            }
            if let leaveBy, children.isEmpty || ContinuousClock.now >= leaveBy {
                say("leaving\(children.isEmpty ? "" : ": \(children.count) runs are ended")")
                return end(0)
            }
            wait()
        }
    }

    // MARK: - Orders

    private func perform(_ order: PoolConnection.Order) {
        switch order {
        case .run(let order):
            if let old = children[order.runID] {
                // The attempt before has to be gone; it has no say any more, and so needs no time.
                successors[order.runID] = order
                old.killNow()
            } else {
                start(order)
            }
        case .stop(let runID, _):
            successors[runID] = nil
            children[runID]?.stop(within: Self.stopGrace)
        case .drain(let isDraining):
            self.isDraining = isDraining
            say(isDraining ? "draining: no more runs are taken" : "taking runs again")
        }
    }

    private func start(_ order: PoolOrder) {
        do {
            let (child, grant) = try order.child(
                of: identity, gatewayID: connection.gatewayID, nowSeconds: Int64(Self.wallClockSeconds()))
            var pins: [String] = []
            if case .pins(let known) = connection.trust { pins = known.pins.map(\.hex) }
            if order.isOtherUsers { try prepareShared() }
            let directory = (order.isOtherUsers ? shared.path : settings.childrenDirectory) + "/" + order.spawnID
            let markPath = WorkerMark.path(in: settings.marksDirectory, directory: directory)
            var bootstrap = WorkerBootstrap(
                url: settings.options.url, pins: pins, token: connection.deviceToken ?? order.runToken,
                seed: Base64URL.encode(child.key.seed), runToken: order.runToken, sessionKey: order.sessionKey,
                runID: order.runID, gatewayID: connection.gatewayID, grants: [grant],
                directory: directory, certificatePath: nil, caBundlePath: nil,
                inheritsToken: false, attempt: order.attempt,
                hidden: settings.hidden, presentsGrants: true, markPath: markPath)
            bootstrap.authoritiesPath = settings.authoritiesPath
            bootstrap.clientCertificatePath = settings.clientCertificatePath
            bootstrap.clientKeyPath = settings.clientKeyPath
            children[order.runID] = try PoolChild(
                bootstrap, markPath: markPath, executable: executable,
                environment: settings.workerEnvironment)
        } catch {
            say("cannot start run \(order.runID): \(error)")
            connection.report(order.runID, attempt: order.attempt, how: "its worker cannot be started: \(error)")
        }
    }

    // MARK: - Processes

    /// Takes up the workers that an earlier life of this pool worker has started: they go on by themselves, but somebody has
    /// to see them end, and to end them.
    private func find() {
        let known = Set(children.values.map(\.markPath))
        var found = 0
        // Of two attempts at one run the later one counts.
        for (path, mark) in WorkerMark.all(in: settings.marksDirectory).sorted(by: { $0.mark.attempt > $1.mark.attempt }
        )
        where !known.contains(path) {
            let child = PoolChild(mark, markPath: path)
            if let child, children[mark.runID] == nil {
                children[mark.runID] = child
                found += 1
                continue
            }
            child?.killNow()
            remove(by: mark.removal)
            clear(mark.directory)
            Files.remove(path)
        }
        if found > 0 { say("found \(found) runs that go on") }
    }

    /// Looks for processes that are gone, and for what they have left.
    private func look() {
        for (runID, child) in children {
            child.advance()
            guard let status = child.end() else { continue }
            children[runID] = nil
            remove(by: child.removal)
            ProcessTree.killAdoptedChildren(excluding: inheritedChildren)
            if let next = successors.removeValue(forKey: runID) {
                start(next)
            } else if child.killAt == nil {
                connection.report(runID, attempt: child.attempt, how: "\(status)")
            }
        }
        removals.removeAll { $0.reap() != nil }
        if ContinuousClock.now >= nextSweep { sweep() }
    }

    /// What another life of this worker has left: directories whose worker is gone, and its commands.
    private func sweep() {
        nextSweep = ContinuousClock.now + Self.sweepInterval
        find()
        ProcessTree.killAdoptedChildren(excluding: inheritedChildren, timeout: .zero)
        let known = Set(children.values.map(\.directory))
        for place in [settings.childrenDirectory] + (shared.isOurs ? [shared.path] : []) {
            for name in Files.names(in: place) where !known.contains(place + "/" + name) { clear(place + "/" + name) }
        }
    }

    private func prepareShared() throws {
        do throws(SharedRuns.Failure) {
            try shared.prepare()
        } catch {
            switch error {
            case .unmakeable(let directory, let why):
                throw Failure(description: "cannot make \(directory), where isolated commands have their files: \(why)")
            case .foreign(let directory):
                throw Failure(description: "\(directory) was made by somebody else: remove it")
            }
        }
    }

    /// A container is no process of ours.
    private func remove(by words: [String]) {
        guard let engine = words.first else { return }
        let spec = ProcessSpec(
            executable: engine, arguments: Array(words.dropFirst()), environment: settings.workerEnvironment,
            workingDirectory: "/")
        if let removal = try? ChildProcess.spawn(spec) { removals.append(removal) }
    }

    /// Ends what was left to nobody.
    private func clear(_ directory: String) {
        ProcessTree.killProcesses(ofRunIn: directory)
        Files.removeTree(directory)
    }

    private func end(_ status: Int32) -> Int32 {
        for child in children.values { child.stop(within: Self.stopGrace) }
        // An engine that does not answer is not waited for without an end.
        let patience = ContinuousClock.now + Self.stopGrace * 2
        while !children.isEmpty || !removals.isEmpty && ContinuousClock.now < patience {
            look()
            pause(milliseconds: 20, signals: false)
        }
        sweep()
        connection.close()
        return status
    }

    // MARK: - Waiting

    private func wait() {
        if leaveBy == nil, isTerminated() {
            leaveBy = ContinuousClock.now + settings.drainTime
            isDraining = true
            say("told to leave: waiting for \(children.count) runs")
            connection.tellDraining(true)
        }
        guard !connection.hasBufferedInput else { return }
        var milliseconds = 1000
        if case .waiting(let until) = connection.state {
            let (seconds, attoseconds) = max(until - .now(), .zero).components
            milliseconds = min(milliseconds, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000) + 1)
        }
        if children.values.contains(where: { $0.killAt != nil }) || leaveBy != nil {
            milliseconds = min(milliseconds, 50)
        }
        pause(milliseconds: milliseconds, signals: leaveBy == nil)
    }

    private func pause(milliseconds: Int, signals watchesSignals: Bool) {
        var polled = children.values.map { pollfd(fd: $0.pidfd, events: Int16(POLLIN), revents: 0) }
        // A signal that has been noticed stays readable and would keep us awake.
        if watchesSignals { polled.append(pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)) }
        if let descriptor = connection.descriptor {
            polled.append(
                pollfd(fd: descriptor, events: Int16(POLLIN | (connection.wantsWrite ? POLLOUT : 0)), revents: 0))
        }
        _ = unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: max(1, milliseconds)))
    }

    private func isTerminated() -> Bool {
        var polled = pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, 0) > 0
    }

    private func say(_ what: String) {
        try? Files.writeAll(STDERR_FILENO, Array("sallyport worker: \(what)\n".utf8), path: "standard error")
    }

    private static func wallClockSeconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec
    }
}
