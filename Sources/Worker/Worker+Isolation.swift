internal import Agents
internal import Files
internal import Glibc
internal import Wire

/// Commands that are kept apart from the gateway.
extension Worker {
    /// Makes the run's private directory what an isolated command can use.
    func prepareIsolation(_ isolation: Isolation) throws {
        try PrivateDirectory.copyCertificates(bootstrap)
        try Files.makeDirectory(IsolatedCommand.ownWorkingDirectory(bootstrap.directory))
        connection.onAnnouncedPins = { [bootstrap] in try? PrivateDirectory.copyCertificates(bootstrap) }
        if let user = isolation.user { try PrivateDirectory.give(bootstrap, to: user) }
    }

    func commandEnvironment(_ order: WorkOrder) -> [String: String] {
        let isolation = order.isolation
        let executable = isolation.kind == .container ? isolation.container?.executable : Files.currentExecutable()
        var environment = ChildEnvironment.make(
            inherited: self.environment, configured: order.environment,
            bootstrap: isolation.isSandbox ? PrivateDirectory.isolated(bootstrap) : bootstrap, executable: executable,
            isolation: isolation)
        environment["SALLYPORT_MODEL"] = order.model
        environment["SALLYPORT_THINKING"] = order.thinking
        if !order.attachments.isEmpty {
            environment["SALLYPORT_ATTACHMENTS_DIR"] = bootstrap.directory + "/" + AttachedFile.directory
            environment["SALLYPORT_ATTACHMENTS_MOUNT"] = order.attachMountPath
        }
        return environment
    }

    /// Without links, for an isolated command: what it is shown must be what was checked.
    func workingDirectory(_ order: WorkOrder) throws -> String? {
        guard order.isolation.isSandbox else { return order.workingDirectory }
        let named = order.workingDirectory ?? IsolatedCommand.ownWorkingDirectory(bootstrap.directory)
        guard let directory = Self.resolved(named) else {
            throw AgentError.workingDirectory(path: named, errno: errno)
        }
        return directory
    }

    func start(_ command: ExecCommand, _ isolation: Isolation) throws -> ExecAgent {
        let variables = ["PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST"]
        guard let executable = Files.currentExecutable() else {
            throw AgentError.invalid(what: "cannot find our own program file")
        }
        let isolated = try IsolatedCommand(
            command, isolation,
            IsolatedCommand.Surroundings(
                privateDirectory: bootstrap.directory, hidden: bootstrap.hidden, executable: executable,
                runID: bootstrap.runID, gatewayID: bootstrap.gatewayID,
                engineEnvironment: environment.filter { variables.contains($0.key) }))
        // The file has to be there until the command is.
        return try withExtendedLifetime(isolated.file) {
            try ExecAgent(isolated.command, orphans: .killAll)
        }
    }

    /// What the end of a container engine's client leaves, when it was not the container's own end.
    func removeContainer(_ isolation: Isolation, after status: ExitStatus) {
        guard isolation.kind == .container, connection.cancelReason != nil || !status.isSuccess,
            let container = isolation.container
        else { return }
        let command = ExecCommand(
            argv: ContainerRun.removal(container, name: ContainerRun.name(runID: bootstrap.runID)),
            workingDirectory: "/", environment: environment)
        guard let agent = try? ExecAgent(command) else { return }
        let deadline = ContinuousClock.now + .seconds(10)
        while agent.exitStatus == nil, ContinuousClock.now < deadline {
            while agent.nextEvent() != nil {}
            agent.wait(atMost: .milliseconds(200))
        }
    }
}
