internal import Glibc
internal import JSON
package import Wire

/// A command with what has to be in between, ready for an ``ExecAgent``.
package struct IsolatedCommand {
    /// Where an isolated command finds itself.
    package struct Surroundings: Sendable {
        /// Of the run; belongs to the command's user already.
        package var privateDirectory: String
        /// The gateway's own files and directories.
        package var hidden: [String]
        /// Our program.
        package var executable: String
        package var gatewayID: String
        /// What the engine of containers needs of our environment.
        package var engineEnvironment: [String: String]

        package init(
            privateDirectory: String, hidden: [String], executable: String, gatewayID: String,
            engineEnvironment: [String: String]
        ) {
            self.privateDirectory = privateDirectory
            self.hidden = hidden
            self.executable = executable
            self.gatewayID = gatewayID
            self.engineEnvironment = engineEnvironment
        }
    }

    package let command: ExecCommand
    /// What the command reads at its start; to be kept until it was started.
    package let file: MemoryFile?

    /// The directory of a run's own in which a command works that has no other.
    package static func ownWorkingDirectory(_ privateDirectory: String) -> String { privateDirectory + "/workspace" }

    /// - Parameter command: with an absolute working directory without symbolic links where it is isolated.
    package init(_ command: ExecCommand, _ isolation: Isolation, _ surroundings: Surroundings) throws(AgentError) {
        guard !isolation.isPlain else {
            (self.command, file) = (command, nil)
            return
        }
        var command = command
        guard let name = command.argv.first else { throw .emptyCommand }
        let directory = command.workingDirectory ?? Self.ownWorkingDirectory(surroundings.privateDirectory)
        if isolation.isSandbox { try Self.check(directory, isolation, surroundings) }
        if let container = isolation.container, isolation.kind == .container {
            let variables = command.environment.keys.sorted()
            let run = ContainerRun(
                container: container,
                name: ContainerRun.name(
                    gatewayID: surroundings.gatewayID, directory: surroundings.privateDirectory),
                gatewayID: surroundings.gatewayID,
                user: isolation.user ?? Isolation.User(uid: geteuid(), gid: getegid()), workingDirectory: directory,
                privateDirectory: surroundings.privateDirectory, binds: isolation.binds, limits: isolation.limits,
                variables: variables)
            command.argv = run.arguments(command.argv)
            command.environment.merge(surroundings.engineEnvironment) { own, _ in own }
            command.workingDirectory = "/"
            (self.command, file) = (command, nil)
            return
        }
        // Looked up while we can say clearly that it is not there.
        command.argv[0] = try ExecutableSearch.resolve(name, searchPath: command.environment["PATH"] ?? "")
        if isolation.kind == .bwrap {
            var wrap = Bubblewrap(
                executable: isolation.bubblewrap ?? "bwrap", workingDirectory: directory,
                privateDirectory: surroundings.privateDirectory, binds: isolation.binds,
                hidden: Self.existing(surroundings.hidden + isolation.hidden),
                programs: [surroundings.executable, command.argv[0]])
            wrap.emptied = Bubblewrap.shared.filter { unsafe access($0, F_OK) == 0 }
            command.argv = wrap.arguments(command.argv)
        }
        let confinement = Confinement(
            argv: command.argv, environment: command.environment,
            workingDirectory: isolation.kind == .bwrap
                ? "/" : isolation.isSandbox ? directory : command.workingDirectory,
            umask: isolation.umask, limits: isolation.limits, user: isolation.kind == .none ? nil : isolation.user,
            forbidsNewPrivileges: isolation.kind == .uid)
        let file = try MemoryFile(confinement.json.serialized())
        command.argv = [surroundings.executable, "confine"]
        command.environment = [:]
        command.workingDirectory = isolation.isSandbox ? "/" : nil
        command.inherited = [.init(parent: file.descriptor, child: Confinement.descriptor)]
        (self.command, self.file) = (command, file)
    }

    /// Refuses a working directory that would open what is to be hidden.
    private static func check(
        _ directory: String, _ isolation: Isolation, _ surroundings: Surroundings
    ) throws(AgentError) {
        guard directory.utf8.first == UInt8(ascii: "/"), directory != "/" else {
            throw .invalid(what: "an isolated command cannot work in \(directory): configure another cwd")
        }
        guard !Bubblewrap.contains(surroundings.privateDirectory, directory) else { return }
        for hidden in existing(surroundings.hidden + isolation.hidden) {
            if isolation.kind == .container, Bubblewrap.contains(directory, hidden.path) {
                throw .invalid(
                    what: "\(directory) cannot be given to a container: the gateway's own files are below it; "
                        + "configure another cwd")
            }
            guard Bubblewrap.contains(hidden.path, directory) else { continue }
            // Where OpenClaw keeps the workspaces of its agents.
            let below = directory.dropFirst(hidden.path.count + 1)
            guard hidden.isDirectory, below.hasPrefix("workspace") else {
                throw .invalid(
                    what: "an isolated command cannot work in \(directory), which is hidden from it; "
                        + "configure another cwd")
            }
        }
    }

    /// As they really are called; what does not exist needs no hiding.
    private static func existing(_ paths: [String]) -> [Bubblewrap.Hidden] {
        paths.compactMap { path in
            guard let resolved = unsafe realpath(path, nil) else { return nil }
            defer { unsafe free(resolved) }
            var information = stat()
            guard unsafe stat(resolved, &information) == 0 else { return nil }
            return Bubblewrap.Hidden(
                path: unsafe String(cString: resolved), isDirectory: information.st_mode & S_IFMT == S_IFDIR)
        }
    }
}
