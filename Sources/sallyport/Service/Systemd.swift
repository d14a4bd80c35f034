internal import Agents
internal import Files
internal import Glibc

/// systemd on this host, as the user who asks sees it.
struct Systemd {
    let isSystem: Bool
    let unitPath: String
    private let environment: [String: String]

    /// - Returns: nil without a home directory to keep a unit in.
    init?(environment: [String: String]) {
        self.environment = environment
        isSystem = geteuid() == 0
        if isSystem {
            unitPath = "/etc/systemd/system/\(SystemdUnit.name)"
        } else {
            let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            let base =
                environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home.map { $0 + "/.config" }
            guard let base else { return nil }
            unitPath = "\(base)/systemd/user/\(SystemdUnit.name)"
        }
    }

    /// Whether it is what started this system (sd_booted(3)).
    static var isRunning: Bool { Files.exists("/run/systemd/system") }

    var isInstalled: Bool { Files.exists(unitPath) }

    struct Answer {
        let exitCode: Int32
        let text: String
        var isSuccess: Bool { exitCode == 0 }
    }

    /// `systemctl [--user] …`, for as long as it may take.
    func control(_ arguments: String..., timeout: Duration = .seconds(60)) throws(CommandFailure) -> Answer {
        try Subprocess.run(
            "systemctl", (isSystem ? [] : ["--user"]) + arguments, environment: environment, timeout: timeout)
    }

    /// - Throws: with what systemctl said.
    func require(_ arguments: String..., timeout: Duration = .seconds(60)) throws(CommandFailure) {
        let all = (isSystem ? [] : ["--user"]) + arguments
        let answer = try Subprocess.run("systemctl", all, environment: environment, timeout: timeout)
        guard answer.isSuccess else {
            let scope = isSystem ? "" : " --user"
            throw CommandFailure(
                .serviceManager, "systemctl \(all.joined(separator: " ")) failed: \(answer.text)",
                hint: "see: journalctl\(scope) -u \(SystemdUnit.name) -n 20")
        }
    }

    var isActive: Bool { (try? control("is-active", "--quiet", SystemdUnit.name).isSuccess) ?? false }
}

/// A program that is run for its answer.
enum Subprocess {
    private static let maxOutput = 64 * 1024

    static func run(
        _ program: String, _ arguments: [String], environment: [String: String], timeout: Duration
    ) throws(CommandFailure) -> Systemd.Answer {
        let child: ChildProcess
        do throws(AgentError) {
            child = try ChildProcess.spawn(
                ProcessSpec(
                    executable: program, arguments: arguments, environment: environment, newProcessGroup: false,
                    standardOutput: .pipe, standardError: .pipe))
        } catch {
            throw CommandFailure(.serviceManager, "cannot run \(program): \(error)")
        }
        defer {
            for descriptor in [child.standardOutput, child.standardError].compactMap({ $0 }) { close(descriptor) }
        }
        var text: [UInt8] = []
        let deadline = ContinuousClock.now + timeout
        var status: ExitStatus?
        while status == nil {
            status = child.reap()
            for descriptor in [child.standardOutput, child.standardError].compactMap({ $0 }) {
                text += available(descriptor)
            }
            guard status == nil else { break }
            guard ContinuousClock.now < deadline else {
                child.signal(SIGKILL)
                throw CommandFailure(
                    .serviceManager, "\(program) \(arguments.joined(separator: " ")) did not end within \(timeout)")
            }
            Waiting.sleep(.milliseconds(10))
        }
        let output = String(decoding: text.prefix(maxOutput), as: UTF8.self)
        return Systemd.Answer(
            exitCode: status?.exitCode ?? 1, text: output.split(separator: "\n").joined(separator: "; "))
    }

    private static func available(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }
}
