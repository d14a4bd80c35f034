internal import Agents
internal import Files
internal import Glibc
internal import Wire

/// Starts the commands of one run on this host, with what stands between them and the gateway's own files.
struct CommandHost {
    let gatewayID: String
    /// The run's own.
    let directory: String
    /// Files and directories of the gateway that an isolated command must not reach.
    let hidden: [String]
    /// Our own.
    let environment: [String: String]

    /// Without links, for an isolated command: what it is shown must be what was checked.
    func workingDirectory(_ order: WorkOrder) throws -> String? {
        guard order.isolation.isSandbox else { return order.workingDirectory }
        let named = order.workingDirectory ?? IsolatedCommand.ownWorkingDirectory(directory)
        guard let directory = Self.resolved(named) else {
            throw AgentError.workingDirectory(path: named, errno: errno)
        }
        return directory
    }

    /// Absolute and without symbolic links, as agents see it.
    static func resolved(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    func start(_ command: ExecCommand, _ isolation: Isolation) throws -> ExecAgent {
        let variables = ["PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST"]
        guard let executable = Files.currentExecutable() else {
            throw AgentError.invalid(what: "cannot find our own program file")
        }
        let isolated = try IsolatedCommand(
            command, isolation,
            IsolatedCommand.Surroundings(
                privateDirectory: directory, hidden: hidden, executable: executable, gatewayID: gatewayID,
                engineEnvironment: environment.filter { variables.contains($0.key) }))
        // The file has to be there until the command is.
        return try withExtendedLifetime(isolated.file) {
            try ExecAgent(isolated.command, orphans: .killAll)
        }
    }

    /// What the end of a container engine's client leaves, when it was not the container's own end.
    func removeContainer(_ isolation: Isolation) {
        guard isolation.kind == .container, let container = isolation.container else { return }
        let command = ExecCommand(
            argv: ContainerRun.removal(
                container, name: ContainerRun.name(gatewayID: gatewayID, directory: directory)),
            workingDirectory: "/", environment: environment)
        guard let agent = try? ExecAgent(command) else { return }
        let deadline = ContinuousClock.now + .seconds(10)
        while agent.exitStatus == nil, ContinuousClock.now < deadline {
            while agent.nextEvent() != nil {}
            agent.wait(atMost: .milliseconds(200))
        }
    }
}
