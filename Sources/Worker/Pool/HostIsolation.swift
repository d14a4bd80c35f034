internal import Agents
internal import Glibc
internal import Wire

/// An isolation as the gateway has looked it up on its own host, with the users and tools of this one. What cannot be had
/// here is refused: a command that was to be confined is not run without that.
enum HostIsolation {
    static func here(
        _ wanted: Isolation, environment: [String: String], ownUser: UInt32 = geteuid()
    ) throws(AgentError) -> Isolation {
        guard wanted.isSandbox else { return wanted }
        var isolation = wanted
        isolation.user = try user(wanted, ownUser)
        let searchPath = environment["PATH"] ?? ""
        switch wanted.kind {
        case .none, .uid: break
        case .bwrap: isolation.bubblewrap = try program("bwrap", wanted, searchPath)
        case .container:
            let engine = wanted.container?.engine.split(separator: "/").last.map(String.init) ?? "docker"
            isolation.container?.engine = try program(engine, wanted, searchPath)
        }
        return isolation
    }

    private static func user(_ wanted: Isolation, _ ownUser: UInt32) throws(AgentError) -> Isolation.User? {
        let kind = wanted.kind.rawValue
        guard let user = wanted.user else {
            guard ownUser != 0 else {
                throw .invalid(
                    what: "isolation \"\(kind)\" names no user, and commands of a pool worker that is root must not be "
                        + "root's: name one with isolation: { type: \"\(kind)\", user: \"…\" }")
            }
            return nil
        }
        let name = user.name ?? "user \(user.uid)"
        guard ownUser == 0 else {
            throw .invalid(
                what: "isolation \"\(kind)\" runs commands as \(name), which only a pool worker that is root can do: "
                    + "start it as root, or use isolation \"bwrap\" without a user")
        }
        var here = user
        if let name = user.name {
            guard let record = UserRecord(name: name) else {
                throw .invalid(
                    what:
                        "isolation \"\(kind)\" runs commands as \(name), and there is no such user on the pool worker's "
                        + "host: useradd --system --shell /usr/sbin/nologin \(name)")
            }
            here = Isolation.User(uid: record.uid, gid: record.gid, name: name)
        }
        guard here.uid != 0 else {
            throw .invalid(
                what: "isolation \"\(kind)\": \(name) is root on the pool worker's host, which confines nothing")
        }
        return here
    }

    private static func program(
        _ name: String, _ wanted: Isolation, _ searchPath: String
    ) throws(AgentError) -> String {
        if let path = ExecutableSearch.find(name, searchPath: searchPath) { return path }
        throw .invalid(
            what:
                "isolation \"\(wanted.kind.rawValue)\" needs \(name), which is not in PATH on the pool worker's host: "
                + "install it there, or choose another isolation")
    }
}
