import Agents
import JSON
import Testing
import Wire

@Suite("What stands between a worker and an isolated command")
struct IsolatedCommandTests {
    private static func wrap(
        _ directory: String = "/srv/work", binds: [Isolation.Bind] = [], hidden: [Bubblewrap.Hidden] = [],
        programs: [String] = [], privateDirectory: String = "/var/lib/sp/run/children/1"
    ) -> [String] {
        Bubblewrap(
            executable: "/usr/bin/bwrap", workingDirectory: directory, privateDirectory: privateDirectory, binds: binds,
            hidden: hidden, programs: programs
        ).arguments(["/bin/agent", "--x"])
    }

    /// Where a path is first the target of an option.
    private static func place(_ option: String, _ path: String, in words: [String]) -> Int? {
        words.indices.first { index in
            words[index] == option && words[index + (option == "--tmpfs" || option == "--remount-ro" ? 1 : 2)] == path
        }
    }

    @Test("the host is read-only, its shared directories are empty, and the command stands last")
    func plain() throws {
        let words = Self.wrap()
        #expect(words.first == "/usr/bin/bwrap")
        #expect(Array(words.suffix(3)) == ["--", "/bin/agent", "--x"])
        #expect(words.contains("--unshare-pid") && words.contains("--die-with-parent"))
        let root = try #require(Self.place("--ro-bind", "/", in: words))
        for path in ["/tmp", "/var/tmp", "/run"] {
            #expect(try #require(Self.place("--tmpfs", path, in: words)) > root)
        }
        #expect(Self.place("--bind", "/", in: words) == nil)
    }

    @Test("what is hidden lies over everything that the owner shows, and under the run's own directory")
    func order() throws {
        let state = Bubblewrap.Hidden(path: "/var/lib/sp", isDirectory: true)
        let file = Bubblewrap.Hidden(path: "/etc/gateway.json", isDirectory: false)
        let inner = Bubblewrap.Hidden(path: "/var/lib/sp/openclaw.json", isDirectory: false)
        let words = Self.wrap(
            "/var/lib", binds: [.init(path: "/var", isWritable: true)], hidden: [state, file, inner])
        let shown = try #require(Self.place("--bind", "/var", in: words))
        let directory = try #require(Self.place("--bind", "/var/lib", in: words))
        let hidden = try #require(Self.place("--tmpfs", "/var/lib/sp", in: words))
        let own = try #require(Self.place("--bind", "/var/lib/sp/run/children/1", in: words))
        let sealed = try #require(Self.place("--remount-ro", "/var/lib/sp", in: words))
        #expect(shown < directory && directory < hidden && hidden < own && own < sealed)
        #expect(try #require(Self.place("--ro-bind", "/etc/gateway.json", in: words)) > directory)
        // It cannot be mounted on where its directory is hidden, and need not be.
        #expect(Self.place("--ro-bind", "/var/lib/sp/openclaw.json", in: words) == nil)
    }

    @Test("a workspace below a hidden directory is shown, over what hides the rest")
    func workspace() throws {
        let words = Self.wrap(
            "/var/lib/sp/workspace", hidden: [.init(path: "/var/lib/sp", isDirectory: true)])
        let hidden = try #require(Self.place("--tmpfs", "/var/lib/sp", in: words))
        #expect(try #require(Self.place("--bind", "/var/lib/sp/workspace", in: words)) > hidden)
    }

    @Test("programs are found where nothing else is")
    func programs() {
        let words = Self.wrap(
            hidden: [.init(path: "/var/lib/sp", isDirectory: true)],
            programs: ["/tmp/agent", "/var/lib/sp/tool", "/usr/bin/env"])
        #expect(Self.place("--ro-bind", "/tmp/agent", in: words) != nil)
        #expect(Self.place("--ro-bind", "/var/lib/sp/tool", in: words) != nil)
        #expect(Self.place("--ro-bind", "/usr/bin/env", in: words) == nil)
    }

    @Test("a path is below another by its components, not by its letters")
    func contains() {
        #expect(Bubblewrap.contains("/a", "/a"))
        #expect(Bubblewrap.contains("/a", "/a/b"))
        #expect(Bubblewrap.contains("/", "/a"))
        #expect(!Bubblewrap.contains("/a", "/ab"))
        #expect(!Bubblewrap.contains("/a/b", "/a"))
    }

    @Test("a container gets names of variables, no values, and nothing that the owner did not name")
    func container() {
        let run = ContainerRun(
            container: .init(engine: "/usr/bin/docker", image: "agent:1", network: "host", executable: nil),
            name: ContainerRun.name(gatewayID: "abc", directory: "/run/sp/=1"), gatewayID: "abc",
            user: .init(uid: 7, gid: 8), workingDirectory: "/srv/work", privateDirectory: "/run/sp/1",
            binds: [.init(path: "/srv/models", isWritable: false)], limits: [.nofile: 64, .as: 1000, .nproc: 5],
            variables: ["OPENCLAW_GATEWAY_TOKEN"])
        let words = run.arguments(["agent", "x"])
        let line = words.joined(separator: " ")
        #expect(words.prefix(2) == ["/usr/bin/docker", "run"])
        #expect(line.hasSuffix("--env OPENCLAW_GATEWAY_TOKEN agent:1 agent x"))
        #expect(line.contains("--name sallyport-abc-.1 "))
        #expect(line.contains("--user 7:8") && line.contains("--cap-drop ALL"))
        #expect(line.contains("--security-opt no-new-privileges"))
        #expect(line.contains("--volume /run/sp/1:/run/sp/1 --volume /srv/work:/srv/work"))
        #expect(line.contains("--volume /srv/models:/srv/models:ro"))
        #expect(
            line.contains("--memory 1000") && line.contains("--ulimit nofile=64") && line.contains("--pids-limit 5"))
    }

    @Test("a confinement is read as it was written")
    func confinement() throws {
        let confinement = Confinement(
            argv: ["/bin/sh", ""], environment: ["A": "b=c", "EMPTY": ""], workingDirectory: "/srv", umask: 0o22,
            limits: [.nofile: 9], user: .init(uid: 1, gid: 2, name: "n"), forbidsNewPrivileges: true)
        #expect(Confinement(confinement.json) == confinement)
        #expect(Confinement([:]) == nil)
    }

    private static func surroundings(_ directory: String, hidden: [String] = []) -> IsolatedCommand.Surroundings {
        IsolatedCommand.Surroundings(
            privateDirectory: directory, hidden: hidden, executable: "/bin/sallyport", gatewayID: "g",
            engineEnvironment: ["PATH": "/engine", "DOCKER_HOST": "unix:///x"])
    }

    @Test("without isolation and limits a command is started as it is")
    func untouched() throws {
        let command = ExecCommand(argv: ["agent"], workingDirectory: nil, environment: ["PATH": "/bin"])
        let isolated = try IsolatedCommand(command, Isolation(), Self.surroundings("/x"))
        #expect(isolated.command == command)
        #expect(isolated.file == nil)
    }

    @Test("neither arguments nor environment of what is started hold anything of the command's")
    func secrets() throws {
        var isolation = Isolation(.uid)
        isolation.user = .init(uid: 7, gid: 8)
        let command = ExecCommand(
            argv: ["/bin/sh", "-c", "secret-argument"], workingDirectory: "/usr", environment: ["TOKEN": "secret"])
        let isolated = try IsolatedCommand(command, isolation, Self.surroundings("/x"))
        #expect(isolated.command.argv == ["/bin/sallyport", "confine"])
        #expect(isolated.command.environment == [:])
        #expect(isolated.file != nil)
    }

    @Test(
        "a directory that would show what is to be hidden is no place to work",
        arguments: [
            (Isolation.Kind.bwrap, "/"), (.bwrap, "/usr/lib"), (.uid, "/usr/lib"), (.container, "/usr/lib"),
            (.container, "/"),
        ])
    func directories(_ kind: Isolation.Kind, _ directory: String) {
        var isolation = Isolation(kind)
        isolation.user = .init(uid: 7, gid: 8)
        isolation.container = .init(engine: "/usr/bin/docker", image: "i", network: "host", executable: nil)
        let command = ExecCommand(argv: ["/bin/sh"], workingDirectory: directory, environment: [:])
        #expect(throws: AgentError.self) {
            _ = try IsolatedCommand(command, isolation, Self.surroundings("/x", hidden: ["/usr"]))
        }
    }

    @Test("a container is not given a directory with the gateway's below it, and bwrap is, with that hidden")
    func above() throws {
        var isolation = Isolation(.container)
        isolation.container = .init(engine: "/usr/bin/docker", image: "i", network: "host", executable: nil)
        let command = ExecCommand(argv: ["/bin/sh"], workingDirectory: "/usr", environment: [:])
        #expect(throws: AgentError.self) {
            _ = try IsolatedCommand(command, isolation, Self.surroundings("/x", hidden: ["/usr/lib"]))
        }
        var wrapped = Isolation(.bwrap)
        wrapped.bubblewrap = "/usr/bin/bwrap"
        _ = try IsolatedCommand(command, wrapped, Self.surroundings("/x", hidden: ["/usr/lib"]))
    }

    @Test("the engine's own variables do not replace the command's")
    func engine() throws {
        var isolation = Isolation(.container)
        isolation.container = .init(engine: "/usr/bin/docker", image: "i", network: "host", executable: nil)
        let command = ExecCommand(argv: ["agent"], workingDirectory: "/usr", environment: ["A": "b"])
        let isolated = try IsolatedCommand(command, isolation, Self.surroundings("/x"))
        #expect(isolated.command.environment == ["A": "b", "PATH": "/engine", "DOCKER_HOST": "unix:///x"])
        #expect(!isolated.command.argv.contains("PATH"))
    }
}
