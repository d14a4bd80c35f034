import Client
import Foundation
import JSON
import Testing

/// The gateway goes away while workers run, and comes back.
struct RestartTests {
    /// With the grace that people have: nothing here may wait for its end.
    private static func gateway() throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.agents = [.running("main")]
        return try GatewayProcess(configuration.text)
    }

    @Test func aWorkerThatOutlivesACrashComesBackAndDeliversItsResult() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            let run = try before.spawn(
                "echo before; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo after")
            try before.waitUntilRunning(run)
            try gateway.kill()
            try gateway.start()
            let owner = try await gateway.owner()
            let row = try #require(try owner.session(run.sessionKey))
            #expect(row["hasActiveRun"]?.bool == true)
            _ = try directory.write("go", "")
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "ok", "\(result)\n\(gateway.log)")
            #expect(result["text"]?.string == "before\nafter\n")
            #expect(result["exitCode"]?.integer == 0)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aRunWhoseWorkerDiedWithTheGatewayDoesNotStayRunning() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let before = try await gateway.owner()
            let run = try before.spawn("sleep 600")
            try before.waitUntilRunning(run)
            // Not before it is durable that it began: else it is rightly begun again.
            try eventually("the command runs") { gateway.processes.count >= 4 }
            try gateway.kill()
            gateway.killWorkers()
            try gateway.start()
            let owner = try await gateway.owner()
            let result = try owner.result(of: run)
            #expect(["error", "lost"].contains(result["status"]?.string), "\(result)")
            #expect(result["cause"]?.string?.isEmpty == false)
            #expect(try owner.session(run.sessionKey)?["status"]?.string == "failed")
            owner.close()
            try gateway.stop()
        }
    }

    /// `nil`: not isolated.
    private static let isolations = [nil] + [IsolationStage.container].filter { $0.problem == nil }

    @Test(arguments: isolations)
    func whatOneGatewayHasLostIsNotSoughtAmongTheRunsOfAnother(_ isolation: IsolationStage.Case?) async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            _ = unsafe chmod(directory.path, 0o777)
            var configuration = GatewayConfiguration()
            var main = GatewayConfiguration.Agent.running("main")
            if let isolation {
                main.more =
                    "isolation: "
                    + isolation.setting.replacing(
                        " }", with: ", binds: [\"\(directory.path):rw\"] }")
            }
            configuration.agents = [main]
            let gateways = try ["other", "lost"].map { _ in
                try GatewayProcess(configuration.text, environment: IsolationStage.engineEnvironment)
            }
            let (other, lost) = (gateways[0], gateways[1])
            let owner = try await other.owner()
            for (gateway, name) in [(other, "other"), (lost, "lost")] {
                let client = name == "other" ? owner : try await gateway.owner()
                let path = directory.path
                // Clients name turns.
                let answer = try client.request(
                    "chat.send",
                    [
                        "sessionKey": "main", "idempotencyKey": "turn-1",
                        "message": .string("touch \(path)/\(name); while ! [ -e \(path)/go ]; do sleep 0.05; done"),
                    ])
                #expect(answer["runId"] == "turn-1", "\(answer)")
                try eventually("the command of \(name) runs") {
                    FileManager.default.fileExists(atPath: path + "/" + name)
                }
            }
            try lost.kill()
            lost.killWorkers()
            try lost.start()
            let again = try await lost.owner()
            try eventually("the lost turn has ended") {
                try again.request("agent.wait", ["runId": "turn-1", "timeoutMs": 0])["status"]?.string == "error"
            }
            try lost.stop()
            _ = try directory.write("go", "")
            let end = try owner.request("agent.wait", ["runId": "turn-1", "timeoutMs": 20_000])
            #expect(end["status"] == "ok", "\(end)\n\(other.log)")
            try other.stop()
        }
    }

    @Test func aWorkerThatOutlivesACrashAndThenDiesLeavesNoRunBehind() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let before = try await gateway.owner()
            let run = try before.spawn("sleep 600")
            try before.waitUntilRunning(run)
            try eventually("the command runs") { gateway.processes.count >= 4 }
            try gateway.kill()
            try gateway.start()
            let owner = try await gateway.owner()
            try owner.waitUntilRunning(run)
            // The worker alone: its command becomes nobody's child, and has to be found all the same.
            #expect(Foundation.kill(try gateway.worker(), SIGKILL) == 0)
            let result = try owner.result(of: run)
            #expect(["error", "lost"].contains(result["status"]?.string), "\(result)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func anOrderlyStopEndsTheWorkersAndTheRunIsNotRunningAfterwards() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let before = try await gateway.owner()
            let run = try before.spawn("sleep 600")
            try before.waitUntilRunning(run)
            // A peer that does not answer the close frame would be waited for.
            before.close()
            let started = ContinuousClock.now
            try gateway.stop()
            // Nothing that was asked to end was waited for.
            #expect(ContinuousClock.now - started < .seconds(4))
            try gateway.start()
            let owner = try await gateway.owner()
            let result = try owner.result(of: run)
            #expect(result["status"]?.string != "ok", "\(result)")
            #expect(try owner.session(run.sessionKey)?["hasActiveRun"]?.bool == false)
            owner.close()
            try gateway.stop()
        }
    }

    @Test(arguments: [false, true])
    func aFinishedResultIsThereAfterwards(isCrash: Bool) async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let before = try await gateway.owner()
            let run = try before.spawn("echo kept; exit 3")
            _ = try before.result(of: run)
            if isCrash { try gateway.kill() } else { try gateway.stop() }
            try gateway.start()
            let owner = try await gateway.owner()
            let result = try owner.result(of: run)
            #expect(result["text"]?.string == "kept\n")
            #expect(result["exitCode"]?.integer == 3)
            let row = try #require(try owner.session(run.sessionKey))
            #expect(row["status"]?.string == "failed")
            #expect(row["hasActiveRun"]?.bool == false)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func everybodyIsToldOfAnOrderlyStop() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            try gateway.stop()
            var names: [String] = []
            let end: ClientError?
            do throws(ClientError) {
                while let message = try owner.nextMessage(timeout: .seconds(5)) {
                    if case .event(let name, _, _) = message { names.append(name) }
                }
                end = nil
            } catch {
                end = error
            }
            #expect(names.last == "shutdown")
            #expect(end == .closed(code: 1012, reason: "service restart"))
        }
    }
}
