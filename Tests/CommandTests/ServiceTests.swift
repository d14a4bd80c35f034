import Agents
import Files
import Foundation
import JSON
import Testing

/// The gateway as a service without a service manager: started, restarted in place, stopped, and kept alive.
struct ServiceTests {
    private static func configuration(port: Int) -> String {
        """
        {
          gateway: { mode: "local", port: \(port), tls: { enabled: true } },
          agents: { list: [{ id: "main", default: true, exec: { command: ["sh", "-c", "{task}"], stdin: "none" } }] },
        }
        """
    }

    /// A started gateway, which is stopped whatever the test comes to.
    private static func withService(_ body: (Sandbox, Int) throws -> Void) throws {
        let sandbox = try Sandbox()
        let port = try TCPSockets.freePort()
        try sandbox.write("state/openclaw.json", configuration(port: port))
        let started = try sandbox.run("gateway", "start", "--background")
        #expect(started.exitCode == 0, "\(started.errors)")
        defer { _ = try? sandbox.run("gateway", "stop", "--wait", "5s", "--force") }
        try body(sandbox, port)
    }

    @Test func itStartsStopsAndSaysHowItIs() throws {
        try Self.withService { sandbox, port in
            let again = try sandbox.run("gateway", "start", "--background", "--json")
            #expect(try again.json()["result"]?.string?.hasPrefix("already running") == true)
            let status = try sandbox.run("gateway", "status", "--json").json()
            #expect(status["service"]?["manager"]?.string == "background")
            #expect(status["service"]?["supervisorPid"]?.integer != nil)
            #expect(try sandbox.run("gateway", "stop").output == "Gateway: stopped\n")
            #expect(try sandbox.run("gateway", "stop").output == "Gateway: not running\n")
            #expect(sandbox.text("state/logs/gateway.log").contains("Gateway started on port \(port)"))
            #expect(!Files.exists(sandbox.stateDirectory + "/run/supervisor.pid"))
        }
    }

    @Test func aRestartRefusesNobodyAndKeepsWhatRuns() throws {
        try Self.withService { sandbox, port in
            let spawn = try sandbox.run(
                "sessions_spawn", "--no-wait", "--json", "--",
                "while ! [ -e \(sandbox.path)/go ]; do sleep 0.05; done; echo kept")
            let runID = try #require(spawn.json()["runId"]?.string)
            let pid = try sandbox.run("gateway", "status", "--json").json()["pid"]?.integer
            let knocking = Knocking(port: port)
            try Sandbox.eventually("somebody knocks") { knocking.tally.connected > 20 ? true : nil }
            for _ in 0..<3 {
                let restarted = try sandbox.run("gateway", "restart")
                #expect(restarted.output.hasPrefix("Gateway: restarted (process \(pid ?? 0))"), "\(restarted.errors)")
                #expect(try sandbox.run("gateway", "health").exitCode == 0)
            }
            let tally = knocking.stop()
            #expect(tally.refused == 0, "\(tally)")
            #expect(tally.connected > 50, "\(tally)")
            try sandbox.write("go", "")
            let result = try sandbox.run(
                "gateway", "call", "agent.wait", "--timeout", "20000", "--params",
                #"{"runId": "\#(runID)", "timeoutMs": 15000}"#)
            #expect(try result.json()["result"]?["text"]?.string == "kept\n", "\(result.output)\(result.errors)")
            #expect(try result.json()["result"]?["status"]?.string == "ok")
        }
    }

    @Test func aBrokenConfigurationStopsARestartBeforeItBegins() throws {
        try Self.withService { sandbox, port in
            try sandbox.write("state/openclaw.json", "{ gateway: { mode: \"local\", port: \(port), bind: \"moon\" } }")
            let refused = try sandbox.run("gateway", "restart")
            #expect(refused.exitCode == 78)
            #expect(refused.errors.contains("gateway.bind must be"), "\(refused.errors)")
            let pid = try #require(
                try JSONParser.parse(Array(sandbox.text("state/run/gateway.json").utf8))["pid"]?.integer)
            // Whoever sends the signal by hand is refused as well.
            #expect(kill(Int32(pid), SIGUSR1) == 0)
            try Sandbox.eventually("the refusal in the log") {
                sandbox.text("state/logs/gateway.log").contains("restart refused, this gateway goes on") ? true : nil
            }
            try sandbox.write("state/openclaw.json", Self.configuration(port: port))
            #expect(try sandbox.run("gateway", "health").exitCode == 0)
        }
    }

    @Test func aCrashedGatewayIsStartedAgainAndOneThatCannotStartIsNot() throws {
        try Self.withService { sandbox, _ in
            let pid = try #require(try sandbox.run("gateway", "status", "--json").json()["pid"]?.integer)
            #expect(kill(Int32(pid), SIGKILL) == 0)
            try Sandbox.eventually("another gateway") { () -> Bool? in
                let status = try sandbox.run("gateway", "status", "--json")
                guard status.exitCode == 0 else { return nil }
                let next = try status.json()["pid"]?.integer
                return next == pid ? nil : true
            }
            #expect(sandbox.text("state/logs/gateway.log").contains("[supervisor] the gateway ended: "))
            let next = try #require(try sandbox.run("gateway", "status", "--json").json()["pid"]?.integer)
            try sandbox.write("state/openclaw.json", "{ gateway: {")
            #expect(kill(Int32(next), SIGKILL) == 0)
            try Sandbox.eventually("the supervisor's end") {
                Files.exists(sandbox.stateDirectory + "/run/supervisor.pid") ? nil : true
            }
            #expect(sandbox.text("state/logs/gateway.log").contains("(exit code 78): it is not started again"))
            let start = try sandbox.run("gateway", "start", "--background")
            #expect(start.exitCode == 78)
            #expect(start.errors.contains("not valid JSON5"), "\(start.errors)")
        }
    }
}

/// Connects all the time, and counts what came of it.
private final class Knocking: @unchecked Sendable {
    // @unchecked: everything that changes is behind the lock.
    struct Tally: Equatable {
        var connected = 0
        var refused = 0
    }

    private let lock = NSLock()
    private var counted = Tally()
    private var isOver = false
    private let done = DispatchSemaphore(value: 0)

    init(port: Int) {
        Thread.detachNewThread { [self] in
            while !lock.withLock({ isOver }) {
                let isConnected = TCPSockets.connect(port: port)
                lock.withLock {
                    if isConnected { counted.connected += 1 } else { counted.refused += 1 }
                }
                usleep(1000)
            }
            done.signal()
        }
    }

    var tally: Tally { lock.withLock { counted } }

    func stop() -> Tally {
        lock.withLock { isOver = true }
        done.wait()
        return tally
    }
}
