internal import Config
internal import EventLoop
internal import Glibc
internal import JSON

/// `sallyport`: one program for the gateway, its workers and the command line.
@main
enum Main {
    static let version = "0.1.0"

    static func main() {
        // Before any thread exists, so that all inherit the mask.
        SignalSource.blockBeforeThreads()
        let environment = ConfigFiles.environment()
        let terminal = Terminal(environment: environment)
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            exit(try run(words, environment: environment, terminal: terminal))
        } catch {
            let failure = CommandFailure(any: error)
            if asksForJSON(words), !failure.isPrinted { terminal.print(failure.json.prettyPrinted()) }
            terminal.complain(failure)
            exit(failure.exitCode)
        }
    }

    /// Also where the rest cannot be understood: a script reads its failures as it reads everything.
    private static func asksForJSON(_ words: [String]) -> Bool {
        guard let (command, rest) = try? CommandTable.find(words) else { return false }
        return command.options.contains { $0.name == "json" } && rest.prefix { $0 != "--" }.contains("--json")
    }

    private static func run(
        _ words: [String], environment: [String: String], terminal: Terminal
    ) throws -> Int32 {
        let (words, environment) = try GlobalOptions.take(words, environment)
        let asked = words.prefix { $0 != "--" }
        if words.isEmpty {
            terminal.note(CommandTable.overview)
            return 2
        }
        if words.first == "help" || asked.contains(where: { $0 == "--help" || $0 == "-h" }) {
            let topic = words.drop { $0 == "help" }.prefix { !$0.hasPrefix("-") }
            terminal.print(try CommandTable.help(Array(topic)))
            return 0
        }
        if words.first == "--version" {
            terminal.print(version)
            return 0
        }
        guard let (command, rest) = try CommandTable.find(words) else { throw CommandTable.unknown(words) }
        // Only servers and workers handle signals as events; a command ends as commands do.
        if !command.handlesSignals { Signals.restoreDefaults() }
        let arguments = try Arguments(rest, command: command)
        let all = GlobalOptions.withFiles(environment, command, arguments)
        return try command.run(Invocation(arguments: arguments, environment: all, terminal: terminal))
    }
}
