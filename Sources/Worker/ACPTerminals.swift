internal import ACP
internal import Agents
internal import Glibc

/// Commands that an ACP agent has us run: in its directory, with its environment, and behind its isolation.
final class ACPTerminals {
    private final class Terminal {
        let agent: ExecAgent
        var output: ResultBuffer
        var exit: TerminalExit?

        init(_ agent: ExecAgent, outputByteLimit: Int) {
            self.agent = agent
            output = ResultBuffer(limit: outputByteLimit)
        }
    }

    /// Between two looks at whatever else there is.
    private static let maxEventsAtATime = 64

    private let directory: String
    private let environment: [String: String]
    private let start: (ExecCommand) throws -> ExecAgent
    private var terminals: [String: Terminal] = [:]

    init(directory: String, environment: [String: String], start: @escaping (ExecCommand) throws -> ExecAgent) {
        self.directory = directory
        self.environment = environment
        self.start = start
    }

    /// - Returns: why it could not be started.
    func start(_ wanted: TerminalCommand) -> ACPMessage.RPCError? {
        let below = wanted.workingDirectory.map { "/" + $0.components.joined(separator: "/") } ?? ""
        let command = ExecCommand(
            template: [wanted.command] + wanted.arguments, task: "", stdinMode: .none,
            workingDirectory: directory + below, environment: environment.merging(wanted.environment) { $1 })
        do {
            terminals[wanted.terminalID] = Terminal(try start(command), outputByteLimit: wanted.outputByteLimit)
            return nil
        } catch {
            return ACPMessage.RPCError(ACPMessage.RPCError.internalError, "\(error)")
        }
    }

    /// Reads what there is.
    /// - Returns: terminals whose commands have ended since the last look.
    func advance() -> [(terminalID: String, exit: TerminalExit)] {
        var ended: [(String, TerminalExit)] = []
        for (id, terminal) in terminals where terminal.exit == nil {
            for _ in 0..<Self.maxEventsAtATime {
                guard let event = terminal.agent.nextEvent() else { break }
                switch event {
                case .output(_, let bytes): terminal.output.append(bytes)
                case .ended(let status):
                    let exit = Self.exit(status)
                    terminal.exit = exit
                    ended.append((id, exit))
                }
            }
        }
        return ended
    }

    func read(_ id: String) -> (output: String, isTruncated: Bool, exit: TerminalExit?) {
        guard let terminal = terminals[id] else { return ("", false, nil) }
        return (terminal.output.text, terminal.output.isTruncated, terminal.exit)
    }

    /// Its output stays.
    func kill(_ id: String) { terminals[id]?.agent.cancel(graceSeconds: 0) }

    func release(_ id: String) { terminals[id] = nil }

    func releaseAll() { terminals = [:] }

    /// What is to be waited for.
    var interests: [ExecAgent.Interest] { terminals.values.filter { $0.exit == nil }.flatMap(\.agent.interests) }

    var deadline: ContinuousClock.Instant? {
        terminals.values.filter { $0.exit == nil }.compactMap(\.agent.deadline).min()
    }

    private static func exit(_ status: ExitStatus) -> TerminalExit {
        switch status {
        case .exited(let code): TerminalExit(exitCode: Int64(code), signal: nil)
        case .signalled(let number): TerminalExit(exitCode: nil, signal: name(number))
        case .lost: TerminalExit(exitCode: nil, signal: nil)
        }
    }

    private static func name(_ signal: Int32) -> String {
        let names: [Int32: String] = [
            SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGABRT: "SIGABRT",
            SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE", SIGTERM: "SIGTERM",
            SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
        ]
        return names[signal] ?? "SIG\(signal)"
    }
}
