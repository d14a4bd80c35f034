internal import Config
internal import EventLoop
internal import Files
internal import Glibc
internal import JSON
internal import Server
internal import Text

/// The gateway as a service of this host: by systemd where `gateway install` was run, else by a supervisor of ours.
struct Service {
    enum Manager: String {
        case systemdUser = "systemd-user"
        case systemdSystem = "systemd"
        case background
        case none
    }

    let state: StateDirectory
    let locations: ConfigLocations
    let environment: [String: String]
    let systemd: Systemd?

    init(_ invocation: Invocation) throws {
        locations = try Locations.resolve(invocation)
        state = StateDirectory(locations.stateDirectory)
        environment = invocation.environment
        systemd = Systemd(environment: environment)
    }

    var installed: Systemd? { systemd.flatMap { $0.isInstalled && $0.isConcerned(with: state) ? $0 : nil } }

    /// The process of `gateway supervise`, if it lives.
    var supervisor: Int32? {
        guard let bytes = try? Files.read(state.supervisorFile, maxBytes: 64),
            let pid = Int32(String(decoding: bytes, as: UTF8.self)), pid > 1, kill(pid, 0) == 0 || errno == EPERM,
            // A number that a crash left behind may be somebody else's by now.
            let line = try? Files.read("/proc/\(pid)/cmdline", maxBytes: 4096),
            String(decoding: line, as: UTF8.self).contains("supervise")
        else { return nil }
        return pid
    }

    func gateway() throws(CommandFailure) -> LocalGateway? { try LocalGateway.find(state) }

    /// Whether there is anything to stop.
    var isThere: Bool {
        get throws(CommandFailure) {
            if supervisor != nil { return true }
            return try gateway() != nil
        }
    }

    var manager: Manager {
        if let installed { return installed.isSystem ? .systemdSystem : .systemdUser }
        return supervisor == nil ? .none : .background
    }

    var json: JSON {
        var object = JSONObject([("manager", .string(manager.rawValue)), ("installed", .bool(installed != nil))])
        if let installed {
            object["unit"] = .string(installed.unitPath)
            object["active"] = .bool(installed.isActive)
        }
        object["supervisorPid"] = supervisor.map { .integer(Int64($0)) }
        return .object(object)
    }

    var sentence: String {
        switch manager {
        case .systemdUser, .systemdSystem:
            "\(manager.rawValue), \(installed?.unitPath ?? ""), \(installed?.isActive == true ? "active" : "not active")"
        case .background: "supervised in the background by process \(supervisor ?? 0)"
        case .none: "none (sallyport gateway install, or sallyport gateway start)"
        }
    }

    // MARK: - Waiting

    /// - Returns: whether it became so in time.
    static func wait(_ duration: Duration, until condition: () throws(CommandFailure) -> Bool) throws(CommandFailure)
        -> Bool
    {
        let deadline = MonotonicInstant.now() + duration
        while true {
            if try condition() { return true }
            guard MonotonicInstant.now() < deadline else { return false }
            Waiting.sleep(.milliseconds(50))
        }
    }

    /// Whether a gateway that started after this moment answers.
    func isReady(since ms: Int64) throws(CommandFailure) -> Bool {
        guard let gateway = try gateway(), let startedAtMs = gateway.startedAtMs else { return false }
        return startedAtMs > ms
    }
}

extension Systemd {
    /// A unit serves one state directory: that of its `Environment=`, or the default one.
    func isConcerned(with state: StateDirectory) -> Bool {
        guard let bytes = try? Files.read(unitPath, maxBytes: 64 * 1024) else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("SALLYPORT_STATE_DIR=\(state.path)\n")
            || text.contains("SALLYPORT_STATE_DIR=\(state.path)\"")
    }
}
