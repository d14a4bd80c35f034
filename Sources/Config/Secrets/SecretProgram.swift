internal import Agents
internal import Files
internal import Glibc

/// Runs a ``SecretCommand``: no shell, nothing inherited, an end in time.
enum SecretProgram {
    static func run(_ command: SecretCommand) -> Result<[UInt8], SecretFailure> {
        do throws(SecretFailure) {
            return .success(try output(of: command, executable: try check(command)))
        } catch {
            return .failure(error)
        }
    }

    /// Whoever can write the program can have the secret; so that may be nobody but root and us.
    /// - Returns: what is to be executed.
    private static func check(_ command: SecretCommand) throws(SecretFailure) -> String {
        var path = command.executable
        guard path.hasPrefix("/") else { throw SecretFailure("is no absolute path") }
        guard var facts = try facts(path) else { throw SecretFailure("does not exist") }
        if facts.kind == .symbolicLink {
            guard command.allowsSymbolicLink else {
                throw SecretFailure(
                    "is a symbolic link", remedy: "name the file itself, or set allowSymlinkCommand: true")
            }
            guard let target = unsafe realpath(path, nil) else { throw SecretFailure("leads nowhere") }
            path = unsafe String(cString: target)
            unsafe free(target)
            guard let behind = try Self.facts(path) else { throw SecretFailure("leads nowhere") }
            facts = behind
        }
        guard facts.kind == .regular else { throw SecretFailure("is no file") }
        guard facts.mode & 0o111 != 0 else { throw SecretFailure("cannot be executed", remedy: "chmod +x \(path)") }
        guard facts.mode & 0o022 == 0 else {
            throw SecretFailure("can be written by others", remedy: "chmod go-w \(path)")
        }
        guard facts.owner.user == 0 || facts.owner.user == geteuid() else {
            throw SecretFailure("belongs to another user", remedy: "chown it to root or to the gateway's user")
        }
        let directories = command.trustedDirectories
        guard directories.isEmpty || directories.contains(where: { path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") })
        else { throw SecretFailure("is not below one of trustedDirs") }
        return path
    }

    private static func facts(_ path: String) throws(SecretFailure) -> FileFacts? {
        do throws(FileError) {
            return try FileFacts(path)
        } catch {
            throw SecretFailure("cannot be looked at")
        }
    }

    private static func output(of command: SecretCommand, executable: String) throws(SecretFailure) -> [UInt8] {
        let agent: ExecAgent
        do throws(AgentError) {
            agent = try ExecAgent(
                ExecCommand(
                    argv: [executable] + command.arguments, workingDirectory: "/", environment: command.environment))
        } catch {
            throw SecretFailure("cannot be started")
        }
        agent.write(command.input)
        agent.closeInput()
        var output: [UInt8] = []
        let deadline = ContinuousClock.now + command.timeout
        while true {
            while let event = agent.nextEvent() {
                switch event {
                case .output(.stdout, let bytes): output += bytes
                case .output(.stderr, _): break
                case .ended(let status):
                    guard status.isSuccess else { throw SecretFailure("ended with \(status)") }
                    return output
                }
                guard output.count <= command.maxOutputBytes else {
                    throw SecretFailure("says more than \(command.maxOutputBytes) bytes")
                }
            }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw SecretFailure("has not ended within \(seconds(command.timeout)) s") }
            agent.wait(atMost: min(left, .milliseconds(200)))
        }
    }

    private static func seconds(_ timeout: Duration) -> String {
        let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)" : "\(Double(milliseconds) / 1000)"
    }
}
