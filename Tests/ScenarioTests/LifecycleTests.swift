import Client
import Foundation
import JSON
import Testing

/// However a run ends, it ends once, says truthfully how, and leaves nothing behind.
struct LifecycleTests {
    private static func gateway(_ agents: GatewayConfiguration.Agent...) throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.agents = agents.isEmpty ? [.running("main")] : agents
        return try GatewayProcess(configuration.text)
    }

    /// Events of the run's end that `owner` has been sent so far.
    private static func ends(of run: GatewayClient.Spawned, _ owner: GatewayClient) throws -> [JSON] {
        var found: [JSON] = []
        while let message = try owner.nextMessage(timeout: .milliseconds(300)) {
            guard case .event("agent", let payload, _) = message, payload["runId"]?.string == run.runID,
                payload["stream"]?.string == "lifecycle", payload["data"]?["phase"]?.string != "start"
            else { continue }
            found.append(payload["data"] ?? .null)
        }
        return found
    }

    /// The run has ended with this status, once, and of all processes only the gateway is left.
    private static func expectEnd(
        of run: GatewayClient.Spawned, _ status: String, exitCode: Int64? = nil, cause: String? = nil,
        _ owner: GatewayClient, _ gateway: GatewayProcess, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try owner.result(of: run)
        #expect(result["status"]?.string == status, "\(result)", sourceLocation: sourceLocation)
        #expect(result["exitCode"]?.integer == exitCode, "\(result)", sourceLocation: sourceLocation)
        if let cause {
            #expect(result["cause"]?.string?.contains(cause) == true, "\(result)", sourceLocation: sourceLocation)
        }
        try eventually("no process is left but the gateway") { gateway.processes == [gateway.pid] }
        try eventually("no directory is left") { gateway.childDirectories.isEmpty }
        let ends = try ends(of: run, owner)
        #expect(ends.count == 1, "\(ends)", sourceLocation: sourceLocation)
        #expect(ends.first?["status"]?.string == status, sourceLocation: sourceLocation)
        #expect(try owner.session(run.sessionKey)?["hasActiveRun"]?.bool == false, sourceLocation: sourceLocation)
    }

    @Test func killedByItsOwner() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("trap '' TERM; sleep 600")
            try owner.waitUntilRunning(run)
            let kill = try gateway.cli.run("sessions", "kill", run.sessionKey)
            #expect(kill.exitCode == 0)
            #expect(kill.output == "Killed \(run.sessionKey)\n")
            try Self.expectEnd(of: run, "killed", cause: "aborted by cli", owner, gateway)
            #expect(try owner.session(run.sessionKey)?["status"]?.string == "killed")
            let again = try gateway.cli.run("sessions", "kill", run.sessionKey)
            #expect(again.exitCode == 1)
            #expect(again.output == "Nothing runs in \(run.sessionKey)\n")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func endedByItsTimeLimit() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("echo begun; sleep 600", [("runTimeoutSeconds", 1)])
            try Self.expectEnd(of: run, "timeout", cause: "the run's time of 1 s is over", owner, gateway)
            // What it said before is not lost.
            #expect(try owner.result(of: run)["text"]?.string == "begun\n")
            #expect(try owner.outcome(of: run)["status"]?.string == "timeout")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theWorkerIsKilled() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("sleep 600")
            try owner.waitUntilRunning(run)
            #expect(Foundation.kill(try gateway.worker(), SIGKILL) == 0)
            try Self.expectEnd(of: run, "lost", cause: "signal 9", owner, gateway)
            #expect(try owner.session(run.sessionKey)?["status"]?.string == "failed")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theCommandCrashes() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("echo last words; kill -SEGV $$")
            try Self.expectEnd(of: run, "error", exitCode: 139, cause: "signal 11", owner, gateway)
            #expect(try owner.result(of: run)["text"]?.string == "last words\n")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theCommandIsNotThere() async throws {
        try await scenario {
            let gateway = try Self.gateway(.init(id: "main", command: ["/nonexistent/agent", "{task}"]))
            let owner = try await gateway.owner()
            let run = try owner.spawn("anything")
            try Self.expectEnd(of: run, "error", exitCode: 127, cause: "/nonexistent/agent", owner, gateway)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theCommandFloodsItsOutput() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let before = gateway.residentKilobytes
            let run = try owner.spawn("yes 'a line of no great interest' | head -c 50000000")
            var peak = before
            let outcome: JSON = try eventually("the flood is over", within: .seconds(40)) {
                // Reads what comes, as a parent does; a parent that does not is another matter.
                while let message = try owner.nextMessage(timeout: .zero) { _ = message }
                peak = max(peak, gateway.residentKilobytes)
                let answer = try owner.request("agent.wait", ["runId": .string(run.runID), "timeoutMs": 0])
                return answer["result"]
            }
            #expect(outcome["status"]?.string == "ok", "\(outcome["cause"] ?? .null)")
            #expect(outcome["totalBytes"]?.integer == 50_000_000)
            #expect((outcome["text"]?.string?.utf8.count ?? 0) <= 100 * 1024)
            #expect(outcome["text"]?.string?.hasSuffix("a line of no great interest\na line o") == true)
            #expect(peak - before < 64 * 1024, "resident memory grew from \(before) to \(peak) kB")
            try eventually("no process is left but the gateway") { gateway.processes == [gateway.pid] }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aParentThatDoesNotReadIsNotBufferedWithoutEnd() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let before = gateway.residentKilobytes
            let deaf = try await gateway.owner()
            let run = try owner.spawn("yes 'a line of no great interest' | head -c 200000000")
            var peak = before
            let outcome: JSON = try eventually("the flood is over", within: .seconds(60)) {
                while let message = try owner.nextMessage(timeout: .zero) { _ = message }
                peak = max(peak, gateway.residentKilobytes)
                return try owner.request("agent.wait", ["runId": .string(run.runID), "timeoutMs": 0])["result"]
            }
            #expect(outcome["status"]?.string == "ok", "\(outcome["cause"] ?? .null)")
            // One connection may have 50 MiB waiting; buffers grow by doubling.
            #expect(peak - before < 200 * 1024, "resident memory grew from \(before) to \(peak) kB")
            deaf.close()
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theCommandNeverReadsItsInput() async throws {
        try await scenario {
            let gateway = try Self.gateway(.init(id: "main", command: ["/bin/sh", "-c", "sleep 0.2; echo unread"]))
            let owner = try await gateway.owner()
            let run = try owner.spawn(String(repeating: "x", count: 1 << 20))
            try Self.expectEnd(of: run, "ok", exitCode: 0, owner, gateway)
            #expect(try owner.result(of: run)["text"]?.string == "unread\n")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theCommandReadsAllOfALargeInput() async throws {
        try await scenario {
            let gateway = try Self.gateway(.init(id: "main", command: ["wc", "-c"]))
            let owner = try await gateway.owner()
            let run = try owner.spawn(String(repeating: "x", count: 1 << 20))
            #expect(try owner.result(of: run)["text"]?.string?.contains("1048576") == true)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theCommandLeavesProcessesInSessionsOfTheirOwn() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn(
                "setsid sleep 600 & (setsid sh -c 'trap \"\" TERM HUP; (sleep 600 & sleep 600)' &) ; echo done")
            try Self.expectEnd(of: run, "ok", exitCode: 0, owner, gateway)
            #expect(try owner.result(of: run)["text"]?.string == "done\n")
            owner.close()
            try gateway.stop()
        }
    }

    /// The worker is killed, so that the gateway itself has to find what escaped from the group.
    @Test func theWorkerIsKilledWhileTheCommandHidesInASessionOfItsOwn() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("setsid sleep 600 & sleep 600")
            try owner.waitUntilRunning(run)
            try eventually("the command runs") { gateway.processes.count >= 4 }
            #expect(Foundation.kill(try gateway.worker(), SIGKILL) == 0)
            try Self.expectEnd(of: run, "lost", owner, gateway)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func manyRunsEndEachWithItsOwnResult() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.subagents = "maxChildrenPerAgent: 40, maxConcurrent: 4"
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let runs = try (0..<24).map { try owner.spawn("echo number \($0)") }
            for (index, run) in runs.enumerated() {
                #expect(try owner.result(of: run)["text"]?.string == "number \(index)\n")
            }
            owner.close()
            try gateway.stop()
        }
    }
}
