import Agents
import Config
import Testing
import Wire

@testable import Server

@Suite("Isolation that cannot be had is found out at the start")
struct IsolationPlanTests {
    private static func plan(_ isolation: String) throws -> IsolationPlan {
        let text = "{ gateway: { mode: 'local' }, agents: { list: [{ id: 'a', isolation: \(isolation) }] } }"
        let input = ConfigInput(
            files: [.init(path: "/c/openclaw.json", bytes: Array(text.utf8))], environment: [:], flags: [:])
        let result = ConfigLoader.load(input) { _ in nil }
        return try IsolationPlan(
            try #require(result.configuration, "\(result.problems)"), environment: ["PATH": "/nonexistent"])
    }

    @Test("nothing is needed for commands that are not isolated")
    func none() throws {
        let plan = try Self.plan("'none'")
        #expect(plan.isolations["a"]?.isSandbox == false)
        #expect(!plan.needsSharedDirectory)
    }

    @Test(
        "what is missing is named, with the key and what mends it, and the exit code of a configuration",
        arguments: [
            ("{ type: 'uid', user: 'no-such-user-here' }", "there is no user no-such-user-here", "useradd"),
            ("{ type: 'uid', user: 0 }", "confines nothing", "sallyport-agent"),
            ("{ type: 'uid', user: 3999999999 }", "which group", "gid"),
            ("{ type: 'container', image: 'x' }", "docker or podman in PATH", "engine"),
            ("{ type: 'container', image: 'x', engine: 'podman' }", "no podman in PATH", "engine"),
            ("{ type: 'bwrap', binds: ['/nonexistent'] }", "/nonexistent does not exist", "create it"),
        ])
    func missing(_ isolation: String, _ message: String, _ hint: String) throws {
        let failure = try #require(throws: StartFailure.self) { _ = try Self.plan(isolation) }
        #expect(failure.exitCode == 78)
        if isolation.contains("container"), failure.message.contains("no user") { return }
        #expect(failure.message.contains(message), "\(failure)")
        #expect(failure.message.contains("agents.list[0].isolation"), "\(failure)")
        #expect(failure.hint.contains(hint), "\(failure)")
    }

    @Test("bwrap that is not installed is said to be missing")
    func bubblewrap() throws {
        let failure = try #require(throws: StartFailure.self) {
            _ = try Self.plan("{ type: 'bwrap', user: 47321, gid: 47321 }")
        }
        #expect(failure.exitCode == 78)
        // Without root it is the user that cannot be had.
        #expect(failure.message.contains("bwrap") && !failure.hint.isEmpty, "\(failure)")
    }

    @Test("a directory of runs that somebody else made is neither used nor emptied")
    func foreignDirectory() throws {
        let directories = RunDirectories(
            StateDirectory("/nonexistent"), gatewayID: "0123456789abcdef0", environment: ["RUNTIME_DIRECTORY": "/proc"])
        #expect(directories.shared.path == "/proc/sallyport-runs/0123456789abcdef")
        #expect(throws: StartFailure.self) { try directories.prepareShared() }
    }
}
