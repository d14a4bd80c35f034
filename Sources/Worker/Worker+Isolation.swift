internal import Agents
internal import Files
internal import Wire

/// Commands that are kept apart from the gateway.
extension Worker {
    /// Makes the run's private directory what an isolated command can use.
    func prepareIsolation(_ isolation: Isolation) throws {
        try PrivateDirectory.copyCertificates(bootstrap)
        try Files.makeDirectory(IsolatedCommand.ownWorkingDirectory(bootstrap.directory))
        onAnnouncedPins = { [bootstrap] in try? PrivateDirectory.copyCertificates(bootstrap) }
        connection.onAnnouncedPins = onAnnouncedPins
        if let user = isolation.user { try PrivateDirectory.give(bootstrap.directory, to: user) }
    }

    func commandEnvironment(_ order: WorkOrder) -> [String: String] {
        let isolation = order.isolation
        let environment = ChildEnvironment.make(
            inherited: self.environment, configured: order.environment,
            bootstrap: isolation.isSandbox ? PrivateDirectory.isolated(bootstrap) : bootstrap,
            executable: ChildEnvironment.executable(isolation), isolation: isolation)
        return environment.merging(order.variables(in: bootstrap.directory)) { $1 }
    }
}
