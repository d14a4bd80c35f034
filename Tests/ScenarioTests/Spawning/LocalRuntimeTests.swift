import Client
import Foundation
import JSON
import Testing

/// `runtime: "local"`: commands under the gateway itself.
struct LocalRuntimeTests {
    private static func gateway(_ subagents: String = "", more: String = "") throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.subagents = subagents
        var main = GatewayConfiguration.Agent.running("main")
        main.more = more
        configuration.agents = [main]
        return try GatewayProcess(configuration.text, environment: IsolationStage.engineEnvironment)
    }

    private static func spawn(_ owner: GatewayClient, _ task: String) throws -> GatewayClient.Spawned {
        let answer = try owner.request("sessions.spawn", ["task": .string(task), "runtime": "local"])
        guard let key = answer["childSessionKey"]?.string, let runID = answer["runId"]?.string else {
            throw Unexpected("the spawn was refused: \(answer)")
        }
        return GatewayClient.Spawned(sessionKey: key, runID: runID)
    }

    @Test func aCommandRunsWithoutConnectionIdentityAndTokenAndItsOutputIsHeardAsItComes() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let directory = try TemporaryDirectory()
            let run = try Self.spawn(
                owner,
                "echo first; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; ls -a $SALLYPORT_STATE_DIR; "
                    + "env | cut -d= -f1 | sort; echo problem >&2; exit 3")
            // Heard while it runs: the command waits for us.
            var heard = ""
            try eventually("the first line is heard") {
                guard case .event("agent", let payload, _)? = try owner.nextMessage(timeout: .seconds(1)) else {
                    return false
                }
                heard += payload["data"]?["delta"]?.string ?? ""
                return heard.contains("first\n")
            }
            _ = try directory.write("go", "")
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "error" && result["exitCode"]?.integer == 3, "\(result)")
            let lines = (result["text"]?.string ?? "").split(separator: "\n").map(String.init)
            #expect(lines.contains("SALLYPORT_RUN_ID") && lines.contains("SALLYPORT_SESSION_KEY"))
            for name in [
                "identity", "SALLYPORT_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_TOKEN", "SALLYPORT_GATEWAY_URL",
                "OPENCLAW_GATEWAY_URL", "SALLYPORT_SPAWN_GRANTS",
            ] {
                #expect(!lines.contains(name), "\(name) in \(lines)")
            }
            let history = try owner.request("chat.history", ["sessionKey": .string(run.sessionKey)])
            #expect(history["messages"]?.array?.count == 2, "\(history)")
            owner.close()
            try gateway.stop()
            #expect(gateway.log.contains("began run=\(run.runID) locally"))
            #expect(!gateway.log.contains("attached run="), "a worker has connected")
        }
    }

    @Test func theCommandLineRunsATaskLocally() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let answer = try gateway.cli.run("sessions_spawn", "--runtime", "local", "--", "echo test")
            #expect(answer.exitCode == 0, "\(answer)")
            #expect(answer.output.contains("with runtime 'local'...") && answer.lines.contains("test"), "\(answer)")
            #expect(answer.output.contains("Task completed. Exit code: 0"))
            let missing = try gateway.cli.run("sessions_spawn", "--runtime", "local", "--", "exit 9")
            #expect(missing.exitCode == 9, "\(missing)")
            try gateway.stop()
        }
    }

    @Test func anAgentOfTypeLocalAnswersMessagesSo() async throws {
        try await scenario {
            let gateway = try Self.gateway(more: "runtime: { type: \"local\" }")
            let owner = try await gateway.owner()
            for (id, word) in [("turn-1", "one"), ("turn-2", "two")] {
                _ = try owner.request(
                    "chat.send",
                    ["sessionKey": "main", "message": .string("echo \(word)"), "idempotencyKey": .string(id)])
                let answer = try owner.request("agent.wait", ["runId": .string(id), "timeoutMs": 20_000])
                #expect(answer["result"]?["text"]?.string == "\(word)\n", "\(answer)")
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func anAbortEndsTheGroupAndWhatHasLeftIt() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let before = gateway.processes.count
            let run = try Self.spawn(owner, "trap '' TERM; setsid sleep 600 & sleep 601; sleep 602")
            try eventually("the command and its children run") { gateway.processes.count >= before + 4 }
            #expect(try gateway.cli.run("sessions", "kill", run.sessionKey).exitCode == 0)
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "killed", "\(result)")
            try eventually("nothing of it is left") {
                gateway.processes.count == before && gateway.childDirectories.isEmpty
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aRunEndsAtItsDeadlineAndWhenItsSupervisorIsKilled() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let late = try owner.request(
                "sessions.spawn", ["task": "sleep 600", "runtime": "local", "runTimeoutSeconds": 1])
            let answer = try owner.request(
                "agent.wait", ["runId": late["runId"] ?? .null, "timeoutMs": 20_000], timeout: .seconds(25))
            #expect(answer["result"]?["status"]?.string == "timeout", "\(answer)")
            let run = try Self.spawn(owner, "setsid sleep 603 & echo here; sleep 604")
            try owner.waitUntilRunning(run)
            let supervisor = try eventually("the supervisor of the second run is found") {
                let worker = try gateway.worker()
                return gateway.processes.count >= 5 ? worker : nil
            }
            #expect(Foundation.kill(supervisor, SIGKILL) == 0)
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "lost", "\(result)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test(arguments: ["end", "restart"])
    func aRunDoesNotOutliveTheGateway(_ recovery: String) async throws {
        try await scenario {
            let gateway = try Self.gateway("onWorkerLost: \"\(recovery)\"")
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            // The first attempt stays, the second ends.
            let run = try Self.spawn(
                before,
                "echo attempt >> \(directory.path)/attempts; "
                    + "[ $(wc -l < \(directory.path)/attempts) = 1 ] && sleep 600; echo again")
            try before.waitUntilRunning(run)
            try eventually("the command runs") { contents(of: directory.path + "/attempts") == "attempt\n" }
            try gateway.kill()
            // Without anybody's help.
            try eventually("the command ends with the gateway") { gateway.processes.isEmpty }
            try gateway.start()
            let owner = try await gateway.owner()
            let result = try owner.result(of: run)
            if recovery == "restart" {
                #expect(result["status"]?.string == "ok" && result["text"]?.string == "again\n", "\(result)")
            } else {
                #expect(result["status"]?.string == "lost", "\(result)")
                #expect(result["cause"]?.string?.contains("started anew") == true)
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aRestartInPlaceEndsTheRunToo() async throws {
        try await scenario {
            let gateway = try Self.gateway("onWorkerLost: \"restart\"")
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            let run = try Self.spawn(
                before,
                "echo attempt >> \(directory.path)/attempts; "
                    + "[ $(wc -l < \(directory.path)/attempts) = 1 ] && sleep 600; echo again")
            try before.waitUntilRunning(run)
            try eventually("the command runs") { contents(of: directory.path + "/attempts") == "attempt\n" }
            before.close()
            let answer = try gateway.cli.run("gateway", "restart")
            #expect(answer.exitCode == 0, "\(answer)")
            let owner = try await gateway.owner()
            let result = try owner.result(of: run)
            let isAgain = result["status"]?.string == "ok" && result["text"]?.string == "again\n"
            #expect(isAgain, "\(result)\n\(gateway.log)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func muchOutputIsAllTakenAndNothingIsKeptInMemory() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try Self.spawn(owner, "yes 0123456789abcdef | head -c 20000000; echo; echo end")
            owner.close()
            let other = try await gateway.owner()
            let result = try other.result(of: run, within: .seconds(60))
            #expect(result["status"]?.string == "ok")
            #expect(result["totalBytes"]?.integer == 20_000_005)
            #expect(result["text"]?.string?.hasSuffix("end\n") == true)
            other.close()
            try gateway.stop()
        }
    }

    @Test(arguments: IsolationStage.cases.filter { $0.problem == nil })
    func anIsolatedCommandRunsLocallyToo(_ isolation: IsolationStage.Case) async throws {
        try await scenario {
            let gateway = try Self.gateway(more: "isolation: \(isolation.setting)")
            let owner = try await gateway.owner()
            let run = try Self.spawn(
                owner, "id -u; cat \(gateway.tokenFile) \(gateway.state.path)/openclaw.json 2>/dev/null; pwd")
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "ok", "\(result)")
            let text = result["text"]?.string ?? ""
            #expect(!text.contains("my-token"))
            if geteuid() == 0 { #expect(text.hasPrefix("\(IsolationStage.userID)\n"), "\(text)") }
            owner.close()
            try gateway.stop()
        }
    }
}
