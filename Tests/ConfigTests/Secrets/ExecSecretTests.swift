import Files
import Foundation
import JSON
import Testing

@testable import Config

@Suite("Secrets of programs: source exec, env.shellEnv")
struct ExecSecretTests {
    private static let provider = "vault: { source: 'exec', command: '/opt/vault', args: ['get'], passEnv: ['PATH'] }"

    private static func document(_ provider: String = provider, id: String = "gateway/token") -> String {
        "{ gateway: { mode: 'local', auth: { token: { source: 'exec', provider: 'vault', id: '\(id)' } } },"
            + " secrets: { providers: { \(provider) } } }"
    }

    private static func load(
        _ text: String, environment: [String: String] = [:], _ run: @escaping ConfigLoader.CommandRunner
    ) -> ConfigResult {
        let file = ConfigInput.File(path: "/c/openclaw.json", bytes: Array(text.utf8))
        return ConfigLoader.load(
            ConfigInput(files: [file], environment: environment, flags: [:]), runCommand: run)
    }

    private static func answer(_ text: String) -> Result<[UInt8], SecretFailure> { .success(Array(text.utf8)) }

    @Test("the program is asked by JSON, without a shell, with the variables that it may have")
    func question() throws {
        var asked: [SecretCommand] = []
        let result = Self.load(Self.document(), environment: ["PATH": "/bin", "OTHER": "x"]) { command in
            asked.append(command)
            return Self.answer(#"{"protocolVersion":1,"values":{"gateway/token":"s3cret\n"}}"#)
        }
        #expect(result.problems == [])
        #expect(result.configuration?.gateway.auth.token == Secret("s3cret"))
        let command = try #require(asked.first)
        #expect(asked.count == 1)
        #expect(command.executable == "/opt/vault" && command.arguments == ["get"])
        #expect(command.environment == ["PATH": "/bin"])
        #expect(command.timeout == .seconds(5))
        #expect(
            try JSONParser.parse(command.input) == [
                "protocolVersion": 1, "provider": "vault", "ids": ["gateway/token"],
            ])
        let shown = result.configuration?.effective.first { $0.path == "gateway.auth.token" }
        #expect(shown?.value == "***", "what is shown has no secret")
    }

    @Test(
        "what is no answer is an error that names program and provider, and nothing that was printed",
        arguments: [
            (#"{"values":{"other":"s3cret"}}"#, "has no value for this id"),
            (#"{"values":{"gateway/token":7}}"#, "has no value for this id"), ("s3cret", "does not answer in JSON"),
            ("", "does not answer in JSON"), ("[]", "does not answer in JSON"),
        ])
    func noAnswer(_ output: String, _ reason: String) throws {
        let result = Self.load(Self.document()) { _ in Self.answer(output) }
        let problem = try #require(result.errors.first)
        #expect(result.configuration == nil && result.errors.count == 1)
        #expect(problem.rule == .secretCommand && problem.path == "gateway.auth.token")
        #expect(problem.message.contains("/opt/vault of vault \(reason)"), "\(problem)")
        #expect(!"\(result.problems)".contains("s3cret"))
    }

    @Test("a program that prints the secret itself has to be said to be one")
    func plain() {
        let text = Self.document("vault: { source: 'exec', command: '/opt/vault', jsonOnly: false }")
        #expect(Self.load(text) { _ in Self.answer("s3cret\n") }.configuration?.gateway.auth.token == Secret("s3cret"))
        #expect(Self.load(text) { _ in Self.answer(" \n") }.configuration == nil, "blank is no secret")
    }

    @Test("a failure fails closed: no other credential takes its place")
    func failsClosed() {
        let result = Self.load(Self.document(), environment: ["HOME": "/h"]) { _ in
            .failure(SecretFailure("has not ended within 5 s"))
        }
        #expect(result.configuration == nil)
        #expect(result.errors.first?.message.contains("has not ended within 5 s") == true)
    }

    @Test("a provider without a program, and one that is not there, are named")
    func noProvider() {
        let without = Self.load(Self.document("vault: { source: 'exec' }")) { _ in Self.answer("{}") }
        #expect(without.errors.contains { $0.path == "secrets.providers.vault.command" && $0.rule == .incomplete })
        let relative = Self.load(Self.document("vault: { source: 'exec', command: 'vault' }")) { _ in Self.answer("{}")
        }
        #expect(relative.errors.contains { $0.path == "secrets.providers.vault.command" })
        let other = Self.load(Self.document("other: { source: 'exec', command: '/x' }")) { _ in Self.answer("{}") }
        #expect(other.errors.first?.remedy == "providers are: other")
    }

    // MARK: Programs

    private static func program(_ script: String, mode: UInt32 = 0o700) throws -> String {
        let path = "/tmp/sallyport-secret-\(UUID().uuidString)"
        try Files.writeAtomically(path, Array("#!/bin/sh\n\(script)\n".utf8), mode: mode)
        return path
    }

    @Test("a program reads the question and gives the answer")
    func runs() throws {
        let path = try Self.program(#"read q; printf '{"values":{"a":"%s"}}' "$X$HOME"; test -n "$q""#)
        defer { Files.remove(path) }
        let command = SecretCommand(
            executable: path, environment: ["X": "y"], input: Array("q\n".utf8), timeout: .seconds(20))
        #expect(SecretProgram.run(command) == Self.answer(#"{"values":{"a":"y"}}"#), "nothing of ours is inherited")
    }

    @Test(
        "what goes wrong with a program is said without what it printed",
        arguments: [
            ("echo s3cret; echo s3cret >&2; exit 3", UInt32(0o700), "ended with"),
            ("sleep 60", 0o700, "has not ended within 0.3 s"),
            ("head -c 5000 /dev/zero | tr '\\0' s; sleep 60", 0o700, "says more than 1000 bytes"),
            ("echo x", 0o600, "cannot be executed"), ("echo x", 0o777, "can be written by others"),
            ("echo x", 0o720, "can be written by others"),
        ])
    func fails(_ script: String, _ mode: UInt32, _ reason: String) throws {
        let path = try Self.program(script, mode: 0o700)
        defer { Files.remove(path) }
        _ = unsafe chmod(path, mode)
        let isPatient = !reason.contains("within")
        let command = SecretCommand(
            executable: path, environment: ["PATH": "/usr/bin:/bin"],
            timeout: isPatient ? .seconds(20) : .milliseconds(300), maxOutputBytes: 1000)
        guard case .failure(let failure) = SecretProgram.run(command) else {
            Issue.record("it succeeded")
            return
        }
        #expect(failure.reason.hasPrefix(reason), "\(failure)")
        #expect(!failure.reason.contains("s3cret"))
    }

    @Test("links, directories and places that are not trusted are refused")
    func places() throws {
        let path = try Self.program("echo x")
        let link = path + "-link"
        defer { for file in [path, link] { Files.remove(file) } }
        #expect(unsafe symlink(path, link) == 0)
        func run(_ executable: String, links: Bool = false, trusted: [String] = []) -> String {
            let command = SecretCommand(
                executable: executable, timeout: .seconds(20), allowsSymbolicLink: links, trustedDirectories: trusted)
            switch SecretProgram.run(command) {
            case .success(let output): return String(decoding: output, as: UTF8.self)
            case .failure(let failure): return failure.reason
            }
        }
        #expect(run(path) == "x\n")
        #expect(run(link) == "is a symbolic link")
        #expect(run(link, links: true) == "x\n")
        #expect(run(path, trusted: ["/tmp"]) == "x\n")
        #expect(run(path, trusted: ["/opt", "/tm"]) == "is not below one of trustedDirs")
        #expect(run(link, links: true, trusted: ["/opt"]) == "is not below one of trustedDirs")
        #expect(run("/tmp") == "is no file")
        #expect(run(path + "-none") == "does not exist")
        #expect(run("relative") == "is no absolute path")
    }

    // MARK: The login shell

    @Test("variables of the login shell stand behind all others, and only when that is asked for")
    func shell() throws {
        func token(_ env: String, environment: [String: String] = [:]) throws -> (String?, [SecretCommand]) {
            var asked: [SecretCommand] = []
            let text = "{ gateway: { mode: 'local', auth: { token: '${T}' } }, env: { \(env) } }"
            let result = Self.load(text, environment: environment.merging(["SHELL": "/bin/zsh"]) { $1 }) { command in
                asked.append(command)
                return Self.answer("a greeting\nT=shell\0U=two\nlines\0")
            }
            return (result.configuration?.gateway.auth.token?.value, asked)
        }
        #expect(try token("").0 == nil)
        let (found, asked) = try token("shellEnv: { enabled: true, timeoutMs: 700 }")
        #expect(found == "shell")
        #expect(asked.map(\.executable) == ["/bin/zsh"] && asked[0].arguments == ["-l", "-c", "env -0"])
        #expect(asked[0].timeout == .milliseconds(700))
        #expect(try token("shellEnv: { enabled: true }, T: 'block'").0 == "block")
        #expect(try token("shellEnv: { enabled: true }", environment: ["T": "process"]).0 == "process")
        #expect(try token("", environment: ["OPENCLAW_LOAD_SHELL_ENV": "1"]).0 == "shell")
        #expect(try token("", environment: ["OPENCLAW_LOAD_SHELL_ENV": "0"]).0 == nil)
        #expect(ShellEnvironment.variables(Array("x y=1\0B=2\0=3\0".utf8)) == ["B": "2"])
    }

    @Test("a shell that does not answer is a warning, and what refers to its variables says what is missing")
    func silentShell() throws {
        let text = "{ gateway: { mode: 'local', port: 1 }, env: { shellEnv: { enabled: true } } }"
        let result = Self.load(text) { _ in .failure(SecretFailure("has not ended within 15 s")) }
        #expect(result.configuration != nil)
        let warning = try #require(result.warnings.first)
        #expect(warning.rule == .shellEnvironment)
        #expect(warning.message.contains("/bin/sh has not ended within 15 s"), "\(warning)")
    }
}
