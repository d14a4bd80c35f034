package import Wire

/// The arguments of `docker run`, which Podman understands as well.
package struct ContainerRun: Equatable, Sendable {
    package var container: Isolation.Container
    package var name: String
    package var gatewayID: String
    package var user: Isolation.User
    package var workingDirectory: String
    package var privateDirectory: String
    package var binds: [Isolation.Bind]
    package var limits: [Isolation.Resource: Int64]
    /// Names only: the engine takes the values from its own environment, so that they are not in argv.
    package var variables: [String]

    package init(
        container: Isolation.Container, name: String, gatewayID: String, user: Isolation.User, workingDirectory: String,
        privateDirectory: String, binds: [Isolation.Bind], limits: [Isolation.Resource: Int64], variables: [String]
    ) {
        self.container = container
        self.name = name
        self.gatewayID = gatewayID
        self.user = user
        self.workingDirectory = workingDirectory
        self.privateDirectory = privateDirectory
        self.binds = binds
        self.limits = limits
        self.variables = variables
    }

    /// The name of a run's container: another for each gateway and each run, though the runs of two gateways on one engine
    /// may have one id.
    ///
    /// - Parameter directory: of the run, whose last part stands for its id.
    package static func name(gatewayID: String, directory: String) -> String {
        let run = directory.utf8.reversed().prefix { $0 != UInt8(ascii: "/") }.reversed()
        let plain = run.map { $0 == UInt8(ascii: "=") ? UInt8(ascii: ".") : $0 }
        return "sallyport-\(gatewayID.prefix(16))-\(String(decoding: plain, as: UTF8.self))"
    }

    package func arguments(_ command: [String]) -> [String] {
        var words = [
            container.engine, "run", "--rm", "--interactive", "--init", "--name", name,
            "--label", "sallyport.gateway=\(gatewayID)", "--network", container.network, "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--user", "\(user.uid):\(user.gid)",
            "--workdir", workingDirectory, "--volume", "\(privateDirectory):\(privateDirectory)",
        ]
        if !Bubblewrap.contains(privateDirectory, workingDirectory) {
            words += ["--volume", "\(workingDirectory):\(workingDirectory)"]
        }
        for bind in binds { words += ["--volume", "\(bind.path):\(bind.path)\(bind.isWritable ? "" : ":ro")"] }
        for (resource, limit) in limits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            switch resource {
            // An engine limits memory and processes by control group.
            case .as: words += ["--memory", "\(limit)"]
            case .nproc: words += ["--pids-limit", "\(limit)"]
            case .cpu, .nofile, .fsize: words += ["--ulimit", "\(resource.rawValue)=\(limit)"]
            }
        }
        for variable in variables { words += ["--env", variable] }
        return words + [container.image] + command
    }

    /// Ends what the end of the engine's client has left.
    package static func removal(_ container: Isolation.Container, name: String) -> [String] {
        [container.engine, "rm", "--force", name]
    }
}
