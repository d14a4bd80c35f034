internal import Agents
internal import Config
internal import Files
internal import Glibc
internal import Wire

/// Looks up what `isolation` names, and tries it: what cannot confine a command is found out at the start, not when it has
/// run unconfined.
struct IsolationPlan {
    /// By the ids of the agents.
    private(set) var isolations: [String: Isolation] = [:]
    private let environment: [String: String]
    /// What was tried already.
    private var probed: [(settings: IsolationSettings, result: Isolation)] = []

    /// The user for whom a root gateway's commands run when none is named.
    static let defaultUser = "sallyport-agent"

    init(_ configuration: Configuration, environment: [String: String]) throws(StartFailure) {
        self.environment = environment
        for agent in configuration.agents {
            var isolation = try resolved(agent.isolation)
            isolation.workingDirectory = agent.isolation.cwd
            isolations[agent.id] = isolation
        }
    }

    /// Whether a private directory has to lie where another user can get at it.
    var needsSharedDirectory: Bool { isolations.values.contains { $0.isSandbox && $0.user != nil } }

    private mutating func resolved(_ settings: IsolationSettings) throws(StartFailure) -> Isolation {
        if let known = probed.first(where: { $0.settings == settings }) { return known.result }
        guard let kind = Isolation.Kind(rawValue: settings.kind.rawValue) else {
            throw StartFailure(.isolationType, "\(settings.path): unknown type \(settings.kind.rawValue)")
        }
        var isolation = Isolation(kind)
        isolation.inheritedVariables = settings.inheritedVariables
        isolation.umask = settings.umask.map(UInt32.init)
        for (name, limit) in settings.limits {
            if let resource = Isolation.Resource(rawValue: name) { isolation.limits[resource] = Int64(limit) }
        }
        isolation.binds = settings.binds.map { Isolation.Bind(path: $0.path, isWritable: $0.isWritable) }
        for bind in isolation.binds where isolation.isSandbox && !Files.exists(bind.path) {
            throw StartFailure(
                .isolationBind,
                "\(settings.path).binds: \(bind.path) does not exist", hint: "create it, or take it out of the list")
        }
        isolation.hidden = settings.hidden
        if isolation.isSandbox { isolation.user = try user(settings) }
        switch kind {
        case .none: break
        case .uid: try checkCapabilities(settings, isolation.user)
        case .bwrap: isolation.bubblewrap = try bubblewrap(settings, isolation)
        case .container: isolation.container = try container(settings)
        }
        probed.append((settings, isolation))
        return isolation
    }

    // MARK: - Users

    private func user(_ settings: IsolationSettings) throws(StartFailure) -> Isolation.User? {
        let isRoot = geteuid() == 0
        guard settings.user != nil || isRoot || settings.kind == .uid else { return nil }
        let name = settings.user ?? Self.defaultUser
        let number = UInt32(name)
        let record = number.map { UserRecord(uid: $0) } ?? UserRecord(name: name)
        guard let uid = number ?? record?.uid else {
            let why =
                settings.user != nil
                ? "\(settings.path).user: there is no user \(name)"
                : settings.kind == .uid
                    ? "\(settings.path) is \"uid\" and names no user, and there is no user \(name)"
                    : "\(settings.path) is \"\(settings.kind.rawValue)\" under a gateway of root's, whose commands must "
                        + "not be root's; it names no user, and there is no user \(name)"
            throw StartFailure(
                .isolationUser, why,
                hint: "useradd --system --shell /usr/sbin/nologin \(name), or name another with "
                    + "isolation: { type: \"\(settings.kind.rawValue)\", user: \"…\" }")
        }
        guard let gid = settings.gid.flatMap({ UInt32(exactly: $0) }) ?? record?.gid else {
            throw StartFailure(
                .isolationGroup, "\(settings.path): nothing says which group user \(uid) has",
                hint: "set gid beside user")
        }
        guard uid != 0, uid != geteuid() else {
            throw StartFailure(
                .isolationOwnUser,
                "\(settings.path).user: \(name) is \(uid == 0 ? "root" : "the gateway's own user"), which confines nothing",
                hint: "name a user that has nothing else to do, such as \(Self.defaultUser)")
        }
        try checkCapabilities(settings, Isolation.User(uid: uid, gid: gid, name: record?.name))
        return Isolation.User(uid: uid, gid: gid, name: record?.name)
    }

    /// To become the user, to give it its directory, to end what it runs and to remove what it left.
    private static let capabilities = [
        (0, "CAP_CHOWN"), (1, "CAP_DAC_OVERRIDE"), (3, "CAP_FOWNER"), (5, "CAP_KILL"), (6, "CAP_SETGID"),
        (7, "CAP_SETUID"),
    ]

    private func checkCapabilities(_ settings: IsolationSettings, _ user: Isolation.User?) throws(StartFailure) {
        // Of those of somebody else than root, only the ambient ones are left to a worker.
        let held = Self.capabilitySet(geteuid() == 0 ? "CapEff:" : "CapAmb:")
        let missing = Self.capabilities.filter { held & (1 << UInt64($0.0)) == 0 }.map(\.1)
        guard !missing.isEmpty else { return }
        let name = user.map { $0.name ?? "user \($0.uid)" } ?? "another user"
        throw StartFailure(
            .isolationCapabilities,
            "\(settings.path) runs commands as \(name), for which the gateway lacks \(missing.joined(separator: ", "))",
            hint: "run the gateway as root, or give its service AmbientCapabilities="
                + Self.capabilities.map(\.1).joined(separator: " ") + "; or use isolation \"bwrap\" without a user")
    }

    private static func capabilitySet(_ field: String) -> UInt64 {
        guard let bytes = try? Files.read("/proc/self/status") else { return 0 }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(field) }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) } ?? 0
    }

    // MARK: - Tools

    private func bubblewrap(_ settings: IsolationSettings, _ isolation: Isolation) throws(StartFailure) -> String {
        guard let path = ExecutableSearch.find("bwrap", searchPath: environment["PATH"] ?? "") else {
            throw StartFailure(
                .bubblewrapMissing,
                "\(settings.path) is \"bwrap\", which is not in PATH",
                hint: "install it (apt-get install bubblewrap), or choose another isolation")
        }
        guard let own = Files.currentExecutable() else {
            throw StartFailure(.ownProgram, "cannot find our own program file")
        }
        var wanted = isolation
        wanted.bubblewrap = path
        wanted.limits = [:]
        let outcome = ToolProbe.run(
            ExecCommand(argv: ["true"], workingDirectory: "/usr", environment: ["PATH": environment["PATH"] ?? ""]),
            wanted, executable: own)
        guard case .failed(let why) = outcome else { return path }
        throw StartFailure(
            .bubblewrapRefused,
            "\(settings.path) is \"bwrap\", which cannot make its namespaces here: \(why)",
            hint: "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
                + "kernel.apparmor_restrict_unprivileged_userns=0; in a container a seccomp profile that lets them), "
                + "or choose another isolation")
    }

    private func container(_ settings: IsolationSettings) throws(StartFailure) -> Isolation.Container {
        let names = settings.engine == .auto ? ["docker", "podman"] : [settings.engine.rawValue]
        let found = names.compactMap { ExecutableSearch.find($0, searchPath: environment["PATH"] ?? "") }.first
        guard let found else {
            throw StartFailure(
                .engineMissing,
                "\(settings.path) is \"container\", and there is no \(names.joined(separator: " or ")) in PATH",
                hint: "install an engine, or choose another isolation")
        }
        let command = ExecCommand(
            argv: [found, "info", "--format", "{{.ID}}"], workingDirectory: "/", environment: environment)
        if case .failed(let why) = ToolProbe.run(command, Isolation(), executable: "") {
            throw StartFailure(
                .engineSilent,
                "\(settings.path) is \"container\", and \(found) does not answer: \(why)",
                hint: "start the engine, set DOCKER_HOST, or let the gateway's user use it")
        }
        return Isolation.Container(
            engine: found, image: settings.image ?? "", network: settings.network, executable: settings.executable)
    }
}
