internal import Config
internal import Files
internal import Glibc
internal import Wire

/// What the start says about the agents' commands.
extension IsolationPlan {
    /// One line for each kind of isolation in use.
    func facts(_ configuration: Configuration) -> [String] {
        Isolation.Kind.allCases.filter { $0 != .none }.compactMap { kind in
            let agents = configuration.agents.filter { isolations[$0.id]?.kind == kind }
            guard let isolation = agents.first.flatMap({ isolations[$0.id] }) else { return nil }
            let how =
                switch kind {
                case .none: ""
                case .uid: "as \(isolation.user?.name ?? "another user")"
                case .bwrap: "in namespaces of bwrap"
                case .container: "in containers of \(isolation.container?.engine ?? "an engine")"
                }
            return "agent commands run \(how), without the gateway's keys, store and owner socket: "
                + Self.names(agents)
        }
    }

    /// What a command could do that nothing keeps apart, and what uid isolation leaves open.
    func warnings(_ configuration: Configuration, _ state: StateDirectory) -> [String] {
        let open = configuration.agents.filter { agent in
            (agent.exec != nil || agent.acp != nil) && isolations[agent.id]?.isSandbox != true
        }
        var warnings: [String] = []
        if !open.isEmpty {
            warnings.append(
                "agents.defaults.isolation: \"none\": commands of \(Self.names(open)) run as the gateway's user and could "
                    + "read its root key (\(state.rootIdentity)) and its store, and approve devices through the owner "
                    + "socket; lineage confines only commands with isolation \"uid\", \"bwrap\" or \"container\"")
        }
        guard isolations.values.contains(where: { $0.kind == .uid }) else { return warnings }
        for path in [state.path] + configuration.files where Self.isReadableByAll(path) {
            warnings.append(
                "\(path) can be read by every user, commands with isolation \"uid\" too: chmod o-rwx \(path)")
        }
        return warnings
    }

    private static func names(_ agents: [AgentSettings]) -> String {
        let names = agents.prefix(8).map(\.id).joined(separator: ", ")
        return agents.count > 8 ? "\(names) and \(agents.count - 8) more" : names
    }

    private static func isReadableByAll(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & (S_IROTH | S_IXOTH) != 0 else { return false }
        var directory = Files.parent(of: Files.absolute(path))
        while directory != "/" {
            guard unsafe stat(directory, &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
            directory = Files.parent(of: directory)
        }
        return true
    }
}
