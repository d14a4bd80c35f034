import Agents
import Client
import Files
import Foundation
import JSON
import Testing

/// Runs on other hosts: gateway and pool workers as separate processes with separate state, over wss with the pin, and,
/// where namespaces can be made, in different networks.
struct PoolTests {
    struct Stage {
        let surroundings: Surroundings
        let gateway: GatewayProcess
        let owner: GatewayClient

        var url: String { gateway.url(surroundings.address) }

        func enrolment(pool: String = "far", uses: Int = 1) throws -> String {
            let made = try gateway.cli.run("devices", "enroll", "--pool", pool, "--uses", String(uses))
            guard made.exitCode == 0, let token = made.lines.first else { throw Unexpected("no token: \(made)") }
            return token
        }

        func worker(_ enrolment: String?, pool: String = "far", capacity: Int = 4, _ more: [String] = []) throws
            -> PoolWorkerProcess
        {
            try PoolWorkerProcess(
                pool: pool, url: url, pin: gateway.pin, enrolment: enrolment, capacity: capacity, in: surroundings,
                more: more)
        }

        func finish() throws {
            owner.close()
            try gateway.stop()
        }
    }

    static func stage(_ name: String, subagents: String = #"allowAgents: ["*"]"#) async throws -> Stage {
        let surroundings = Surroundings("pools, \(name)")
        var configuration = GatewayConfiguration()
        configuration.gateway =
            "mode: \"local\", bind: \"lan\", tls: { enabled: true }, auth: { mode: \"token\", token: \"my-token\" }"
            + surroundings.gatewaySettings
        configuration.subagents = subagents
        configuration.agents = [.running("main"), .running("far", pool: "far")]
        let gateway = try GatewayProcess(configuration.text, in: surroundings.namespace)
        return Stage(surroundings: surroundings, gateway: gateway, owner: try await gateway.owner())
    }

    /// The codes of what doctor finds.
    static func findings(_ gateway: GatewayProcess) throws -> [String] {
        let report = try gateway.cli.run("doctor", "--json")
        return try JSONParser.parse(Array(report.output.utf8))["findings"]?.array?.compactMap { $0["code"]?.string }
            ?? []
    }

    @Test func aRunGoesToAnotherHostAndSpawnsFromThereAndComesBack() async throws {
        try await scenario {
            let stage = try await Self.stage("there and back")
            let waiting = try stage.owner.spawn("true", agent: "far")
            let row = try #require(try stage.owner.session(waiting.sessionKey))
            #expect(row["waitingFor"]?.string == "pool far has no worker", "\(row)")
            let worker = try stage.worker(try stage.enrolment())
            try worker.waitUntilAttached()
            #expect(try stage.owner.result(of: waiting)["status"]?.string == "ok", "\(stage.gateway.log)")

            let task =
                #"echo "in $SALLYPORT_STATE_DIR"; "$SALLYPORT" sessions_spawn --agent main -- 'echo nested'; "$SALLYPORT" sessions_spawn --agent far -- 'echo below'"#
            let run = try stage.owner.spawn(task, agent: "far")
            let result = try stage.owner.result(of: run)
            let text = result["text"]?.string ?? ""
            #expect(result["status"]?.string == "ok", "\(result)\n\(stage.gateway.log)\n\(worker.log)")
            #expect(text.contains("in \(worker.state.path)/run/children/"), "\(result)")
            #expect(text.contains("nested") && text.contains("below"), "\(result)")
            let line = try stage.gateway.waitForLog("connected", "grant presented", run.sessionKey)
            #expect(line.contains("peer=\(stage.surroundings.strangerAddress)"), "\(line)")
            #expect(line.contains("token of the root device"), "\(line)")
            #expect(!stage.gateway.log.contains("pairing required"), "\(stage.gateway.log)")

            let list = try stage.gateway.cli.run("workers", "list", "--json")
            let shown = try JSONParser.parse(Array(list.output.utf8))
            #expect(shown["workers"]?[0]?["name"]?.string == "far-host", "\(list)")
            #expect(shown["workers"]?[0]?["ended"]?.integer == 3)
            #expect(shown["workers"]?[0]?["state"]?.string == "ready")
            #expect(try stage.gateway.cli.run("workers").output.contains("far-host"))
            try worker.stop()
            try stage.finish()
        }
    }

    @Test func whoIsNotEnrolledForThePoolIsRefused() async throws {
        try await scenario {
            let stage = try await Self.stage("strangers")
            func expectRefusal(_ worker: PoolWorkerProcess, _ words: String) throws {
                #expect(try worker.process.wait(within: .seconds(20)) == 1)
                #expect(worker.log.contains(words), "\(worker.log)")
            }
            try expectRefusal(try stage.worker(nil), "not enrolled yet")
            try expectRefusal(try stage.worker("not-a-token"), "refuses this worker")
            try expectRefusal(try stage.worker(try stage.enrolment(pool: "other")), "refuses this worker")
            // The gateway's own state directory has another master.
            let shared = try stage.gateway.cli.run(
                "worker", "--pool", "far", "--url", stage.url, "--state-dir", stage.gateway.state.path, "--enrol", "x")
            #expect(shared.exitCode == 78 && shared.errors.contains("none that is a gateway's"), "\(shared)")
            // With the pin of another gateway nothing is said at all.
            let wrong = try PoolWorkerProcess(
                pool: "far", url: stage.url, pin: String(repeating: "ab", count: 32),
                enrolment: try stage.enrolment(), in: stage.surroundings)
            try expectRefusal(wrong, "refuses this worker")
            let list = try stage.owner.request("workers.list")
            #expect(list["workers"]?.array?.isEmpty == true, "\(list)")
            try stage.finish()
        }
    }

    @Test func aGatewayThatIsKilledFindsItsRunsOnOtherHostsAgain() async throws {
        try await scenario {
            let stage = try await Self.stage("killed gateway", subagents: #"allowAgents: ["*"], workerGraceMs: 30000"#)
            let worker = try stage.worker(try stage.enrolment())
            try worker.waitUntilAttached()
            let directory = try TemporaryDirectory()
            let run = try stage.owner.spawn(
                "echo before; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo after", agent: "far")
            try stage.owner.waitUntilRunning(run)
            try stage.gateway.kill()
            try stage.gateway.start()
            let owner = try await stage.gateway.owner()
            _ = try directory.write("go", "")
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "ok", "\(result)\n\(stage.gateway.log)\n\(worker.log)")
            #expect(result["text"]?.string == "before\nafter\n")
            let next = try owner.spawn("echo next", agent: "far")
            #expect(try owner.result(of: next)["text"]?.string == "next\n")
            owner.close()
            try worker.stop()
            try stage.gateway.stop()
        }
    }

    @Test func aWorkerComesBackWithoutItsTokenAndDrainsPolitely() async throws {
        try await scenario {
            let stage = try await Self.stage("comes back")
            let first = try stage.worker(try stage.enrolment())
            try first.waitUntilAttached()
            try first.stop()
            let second = try PoolWorkerProcess(
                pool: "far", url: stage.url, pin: stage.gateway.pin, enrolment: nil, in: stage.surroundings,
                state: first.state)
            try second.waitUntilAttached()
            let directory = try TemporaryDirectory()
            let run = try stage.owner.spawn(
                "while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo done", agent: "far")
            try stage.owner.waitUntilRunning(run)
            second.process.child.signal(SIGTERM)
            try eventually("it drains") {
                try stage.owner.request("workers.list")["workers"]?[0]?["state"]?.string == "draining"
            }
            let later = try stage.owner.spawn("echo later", agent: "far")
            let reason = try stage.owner.session(later.sessionKey)?["waitingFor"]?.string
            #expect(reason == "all 1 workers of pool far are draining")
            #expect(try Self.findings(stage.gateway).contains("worker-drained"))
            _ = try directory.write("go", "")
            #expect(try stage.owner.result(of: run)["text"]?.string == "done\n")
            #expect(try second.process.wait(within: .seconds(20)) == 0)
            let explained = try stage.gateway.cli.run("explain", later.runID)
            #expect(explained.output.contains("pool far has no worker"), "\(explained)")
            #expect(try Self.findings(stage.gateway).contains("pool-starved"))
            let third = try PoolWorkerProcess(
                pool: "far", url: stage.url, pin: stage.gateway.pin, enrolment: nil, in: stage.surroundings,
                state: first.state)
            #expect(try stage.owner.result(of: later)["text"]?.string == "later\n", "\(third.log)")
            try third.stop()
            try stage.finish()
        }
    }

    @Test func whatRanOnAHostThatWentDownIsLostAndWhatHadNotBegunRunsElsewhere() async throws {
        try await scenario {
            let stage = try await Self.stage(
                "host down", subagents: #"allowAgents: ["*"], workerGraceMs: 1500, spawnTimeoutMs: 60000"#)
            let token = try stage.enrolment(uses: 2)
            let down = try stage.worker(token, capacity: 1)
            try down.waitUntilAttached()
            let run = try stage.owner.spawn("echo begun; sleep 600", agent: "far")
            try stage.owner.waitUntilRunning(run)
            let waiting = try stage.owner.spawn("echo elsewhere", agent: "far")
            down.killAll()
            let result = try stage.owner.result(of: run)
            #expect(result["status"]?.string == "lost", "\(result)")
            let other = try stage.worker(token)
            try other.waitUntilAttached()
            #expect(try stage.owner.result(of: waiting)["text"]?.string == "elsewhere\n", "\(stage.gateway.log)")
            try other.stop()
            try stage.finish()
        }
    }

    @Test func removingAWorkersDeviceEndsWhatRunsThere() async throws {
        try await scenario {
            let stage = try await Self.stage("removed")
            let worker = try stage.worker(try stage.enrolment())
            try worker.waitUntilAttached()
            let run = try stage.owner.spawn("sleep 600", agent: "far")
            try stage.owner.waitUntilRunning(run)
            let id = try #require(try stage.owner.request("workers.list")["workers"]?[0]?["workerId"])
            _ = try stage.owner.request("device.pair.remove", ["deviceId": id])
            #expect(try stage.owner.result(of: run)["status"]?.string == "killed")
            #expect(try worker.process.wait(within: .seconds(20)) == 1)
            #expect(worker.log.contains("refuses this worker"), "\(worker.log)")
            #expect(worker.childDirectories == [])
            try stage.finish()
        }
    }
}
