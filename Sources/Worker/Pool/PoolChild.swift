internal import Agents
internal import CLinux
internal import Files
internal import Glibc
internal import JSON
internal import Wire

/// The worker process of one run on this host.
final class PoolChild {
    let order: PoolOrder
    let directory: String
    private let process: ChildProcess
    /// When it is ended for good.
    private(set) var killAt: ContinuousClock.Instant?

    var pidfd: Int32 { process.pidfd }

    init(_ order: PoolOrder, _ bootstrap: WorkerBootstrap, executable: String, environment: [String: String]) throws {
        self.order = order
        directory = bootstrap.directory
        try Files.makeDirectory(directory)
        process = try Self.spawn(bootstrap, executable: executable, environment: environment)
    }

    private static func spawn(
        _ bootstrap: WorkerBootstrap, executable: String, environment: [String: String]
    ) throws -> ChildProcess {
        var ends: [Int32] = [-1, -1]
        guard unsafe sallyport_pipe(&ends) == 0 else { throw AgentError.system(call: "pipe2", errno: errno) }
        defer { close(ends[0]) }
        // Fits into the pipe, so that writing does not wait for the reader.
        let bytes = bootstrap.json.serialized()
        guard bytes.count <= WorkerBootstrap.maxBytes else {
            close(ends[1])
            throw AgentError.invalid(what: "the orders are too long for a worker's pipe")
        }
        do {
            defer { close(ends[1]) }
            try Files.writeAll(ends[1], bytes, path: "the worker's pipe")
        }
        return try ChildProcess.spawn(
            ProcessSpec(
                executable: executable, arguments: ["worker"], environment: environment, newProcessGroup: true,
                standardInput: .null, standardOutput: .null, standardError: .inherit,
                inherited: [.init(parent: ends[0], child: WorkerBootstrap.descriptor)]))
    }

    /// Asks it to end; ends it for good when it does not.
    func stop(within grace: Duration) {
        guard killAt == nil else { return }
        killAt = ContinuousClock.now + grace
        process.signal(SIGTERM)
    }

    func killNow() {
        killAt = ContinuousClock.now
        process.signalGroup(SIGKILL)
    }

    func advance() {
        if let killAt, ContinuousClock.now >= killAt { process.signalGroup(SIGKILL) }
    }

    /// How it ended; nil while it runs. Its group goes with it.
    func end() -> ExitStatus? {
        guard process.peek() != nil else { return nil }
        // While the leader is unreaped its group's number cannot be given to anybody else.
        process.signalGroup(SIGKILL)
        return process.reap()
    }
}
