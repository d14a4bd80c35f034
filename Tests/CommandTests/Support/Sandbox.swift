import Agents
import Files
import Foundation
import JSON
import Testing

/// The program under test, which is built beside the test bundle.
enum Program {
    static let path: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? Files.currentExecutable() ?? ""
        var directory = Files.parent(of: bundle)
        while directory.count > 1 {
            let candidate = directory + "/sallyport"
            // A directory of this name is no program: the sources of the target are in one.
            if Files.exists(candidate), Files.names(in: candidate).isEmpty { return candidate }
            directory = Files.parent(of: directory)
        }
        preconditionFailure("the program sallyport was not built beside \(bundle)")
    }()
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

/// What one command came to.
struct Outcome {
    let exitCode: Int32
    let output: String
    let errors: String

    /// Standard output as JSON, and nothing else on it.
    func json() throws -> JSON { try JSONParser.parse(Array(output.utf8)) }
}

/// A directory of its own, with commands that run in it and know no other home.
final class Sandbox {
    let path: String
    private var children: [ChildProcess] = []

    init() throws {
        path = "/tmp/sallyport-command-\(UUID().uuidString.prefix(13).lowercased())"
        try Files.makeDirectory(path)
    }

    deinit {
        for child in children { child.signalGroup(SIGKILL) }
        // One that nobody collects would keep the test process from seeing the ends of others.
        for child in children { _ = try? Self.eventually("the end of a child") { child.reap() } }
        Files.removeTree(path)
    }

    var stateDirectory: String { path + "/state" }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try Files.makeDirectory(Files.parent(of: file))
        try Files.writeAtomically(file, Array(text.utf8))
        return file
    }

    func text(_ name: String) -> String {
        String(decoding: (try? Files.read("\(path)/\(name)")) ?? [], as: UTF8.self)
    }

    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
        try run(arguments, environment: environment)
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        try run(command: [Program.path] + arguments, environment: environment)
    }

    /// A line for the shell, in which `$SALLYPORT` is the program and the sandbox the working directory.
    func run(shell line: String) throws -> Outcome {
        try run(
            command: ["/bin/bash", "-o", "pipefail", "-c", "cd \"$SANDBOX\"; \(line)"],
            environment: ["SALLYPORT": Program.path, "SANDBOX": path])
    }

    private func run(command: [String], environment: [String: String]) throws -> Outcome {
        let name = UUID().uuidString
        let child = try start(command, outputs: name, environment: environment)
        let status = try Self.eventually("the end of \(command)") { child.reap() }
        return Outcome(exitCode: status.exitCode, output: text(name + ".out"), errors: text(name + ".err"))
    }

    private func start(
        _ command: [String], outputs name: String, environment: [String: String] = [:]
    ) throws -> ChildProcess {
        func create(_ ending: String) throws -> Int32 {
            let descriptor = unsafe open("\(path)/\(name).\(ending)", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Unexpected(description: "cannot create \(name).\(ending)") }
            return descriptor
        }
        let output = try create("out")
        defer { close(output) }
        let errors = try create("err")
        defer { close(errors) }
        var all = ["PATH": "/usr/bin:/bin", "HOME": path + "/home", "SALLYPORT_STATE_DIR": stateDirectory]
        all.merge(environment) { $1 }
        let child = try ChildProcess.spawn(
            ProcessSpec(
                executable: command[0], arguments: Array(command.dropFirst()), environment: all,
                standardOutput: .descriptor(output), standardError: .descriptor(errors)))
        children.append(child)
        return child
    }

    /// Starts a command and leaves it running. What it says goes to `NAME.out` and `NAME.err`.
    func begin(_ arguments: String..., environment: [String: String] = [:]) throws -> (
        child: ChildProcess, name: String
    ) {
        let name = UUID().uuidString
        return (try start([Program.path] + arguments, outputs: name, environment: environment), name)
    }

    /// Starts a gateway on a free port of loopback, and waits until it listens.
    func startGateway(_ configuration: String) throws -> RunningGateway {
        try write("state/openclaw.json", configuration)
        let name = UUID().uuidString
        let child = try start([Program.path, "gateway", "run", "--port", "0"], outputs: name)
        let line: String = try Self.eventually("the gateway listens") {
            guard child.peek() == nil else { throw Unexpected(description: self.text(name + ".err")) }
            let lines = self.text(name + ".out").split(separator: "\n")
            return Files.exists(self.stateDirectory + "/run/gateway.json") ? lines.first.map(String.init) : nil
        }
        let words = line.split(separator: " ").map(String.init)
        return RunningGateway(child: child, url: words[1], pin: words.count == 4 ? words[3] : nil)
    }

    @discardableResult
    static func eventually<Value>(_ what: String, _ condition: () throws -> Value?) throws -> Value {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let value = try condition() { return value }
            _ = poll(nil, 0, 5)
        }
        throw Unexpected(description: "not within 30 s: \(what)")
    }
}

struct RunningGateway {
    let child: ChildProcess
    let url: String
    let pin: String?

    var pid: Int32 { child.pid }

    func stop() throws {
        child.signal(SIGTERM)
        let status = try Sandbox.eventually("the gateway's end") { child.reap() }
        #expect(status.exitCode == 0)
    }
}
