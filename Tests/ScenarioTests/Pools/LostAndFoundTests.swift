import Agents
import Client
import Files
import Foundation
import JSON
import Testing

/// Runs on other hosts whose pool worker, or whose network, goes away and comes back. The grace is the default one of ten
/// minutes: what is known to be gone has to be lost long before.
struct LostAndFoundTests {
    /// A run that waits for a file, with its directory and its mark on the pool worker's host.
    private struct Scene {
        let stage: PoolTests.Stage
        let worker: PoolWorkerProcess
        let directory: TemporaryDirectory
        let run: GatewayClient.Spawned

        init(_ name: String) async throws {
            stage = try await PoolTests.stage(name)
            worker = try stage.worker(try stage.enrolment())
            try worker.waitUntilAttached()
            directory = try TemporaryDirectory()
            run = try stage.owner.spawn(
                "echo $$ > \(directory.path)/pid; echo before; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo after",
                agent: "far")
            try stage.owner.waitUntilRunning(run)
            let pid = directory.path + "/pid"
            try eventually("the command runs") { contents(of: pid).hasSuffix("\n") }
        }

        /// The worker process of the run.
        var workerOfRun: Int32 {
            get throws {
                let marks = worker.state.path + "/run/workers"
                let names = Files.names(in: marks)
                guard names.count == 1, let name = names.first,
                    let pid = try JSONParser.parse(Files.read(marks + "/" + name))["pid"]?.integer
                else { throw Unexpected("marks: \(names)") }
                return Int32(pid)
            }
        }

        func go() throws { _ = try directory.write("go", "") }

        /// Nothing but the pool worker is left on its host.
        func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) throws {
            let own = worker.process.child.pid
            let isClean = try? eventually("nothing is left", within: .seconds(10)) {
                worker.processes.filter { $0 != own }.isEmpty && worker.childDirectories.isEmpty
                    && Files.names(in: worker.state.path + "/run/workers").isEmpty ? true : nil
            }
            #expect(
                isClean == true, "\(worker.processes) \(worker.childDirectories)\n\(worker.log)",
                sourceLocation: sourceLocation)
        }

        func finish() throws {
            try worker.stop()
            try stage.finish()
        }
    }

    @Test func aPoolWorkerThatWasKilledFindsItsRunsAgain() async throws {
        try await scenario {
            let scene = try await Scene("killed pool worker")
            try scene.worker.kill()
            try scene.worker.start()
            try scene.worker.waitUntilAttached()
            #expect(scene.worker.log.contains("found 1 runs that go on"), "\(scene.worker.log)")
            let row = try scene.stage.owner.request("workers.list")["workers"]?[0]
            #expect(row?["running"]?.integer == 1, "\(row ?? .null)")
            try scene.go()
            let result = try scene.stage.owner.result(of: scene.run)
            #expect(result["status"]?.string == "ok", "\(result)\n\(scene.worker.log)")
            #expect(result["text"]?.string == "before\nafter\n")
            try scene.expectNothingLeft()
            try scene.finish()
        }
    }

    @Test(arguments: [true, false])
    func aRunThatDiesIsLostAtOnceAlthoughItsPoolWorkerWasKilled(isMeanwhile: Bool) async throws {
        try await scenario {
            let scene = try await Scene("dies \(isMeanwhile ? "meanwhile" : "later")")
            let process = try scene.workerOfRun
            try scene.worker.kill()
            if isMeanwhile { #expect(Foundation.kill(process, SIGKILL) == 0) }
            try scene.worker.start()
            try scene.worker.waitUntilAttached()
            if !isMeanwhile { #expect(Foundation.kill(process, SIGKILL) == 0) }
            let result = try scene.stage.owner.result(of: scene.run, within: .seconds(20))
            #expect(result["status"]?.string == "lost", "\(result)")
            // The command was left to nobody.
            try scene.expectNothingLeft()
            try scene.finish()
        }
    }

    @Test func aRunThatIsEndedIsEndedOverARestartOfItsPoolWorker() async throws {
        try await scenario {
            let scene = try await Scene("killed from afar")
            try scene.worker.kill()
            _ = try scene.stage.owner.request("sessions.abort", ["key": .string(scene.run.sessionKey)])
            #expect(try scene.stage.owner.result(of: scene.run)["status"]?.string == "killed")
            try scene.worker.start()
            try scene.worker.waitUntilAttached()
            try scene.expectNothingLeft()
            try scene.finish()
        }
    }

    @Test(.enabled(if: NetworkNamespace.canSilence, "needs nft"))
    func aHalfOpenCutForManyLeasesLosesNothing() async throws {
        try await scenario {
            let stage = try await PoolTests.stage(
                "half open", subagents: #"allowAgents: ["*"], workerLeaseMs: 3000, workerGraceMs: 120000"#)
            guard let namespace = stage.surroundings.namespace else { return try stage.finish() }
            let worker = try stage.worker(try stage.enrolment())
            try worker.waitUntilAttached()
            let directory = try TemporaryDirectory()
            let run = try stage.owner.spawn(
                "n=0; while ! [ -e \(directory.path)/go ]; do n=$((n + 1)); echo $n; sleep 0.1; done; echo last",
                agent: "far")
            try stage.owner.waitUntilRunning(run)
            try namespace.silence()
            let line = try stage.gateway.waitForLog("silent run=\(run.runID)")
            #expect(line.contains("3000 ms"), "\(line)")
            // Longer than any lease, and until the worker has noticed too.
            try await Task.sleep(for: .seconds(8))
            #expect(try stage.owner.session(run.sessionKey)?["hasActiveRun"]?.bool == true, "\(stage.gateway.log)")
            try namespace.endSilence()
            // The pool worker, the run's worker, and that again; the pool worker itself has other deadlines.
            try eventually("the worker is back", within: .seconds(60)) {
                let connected = stage.gateway.log.split(separator: "\n").filter { $0.contains("] connected ") }
                return connected.count { $0.contains("gateway-client/backend") } >= 3
            }
            _ = try directory.write("go", "")
            let result = try stage.owner.result(of: run, within: .seconds(60))
            #expect(result["status"]?.string == "ok", "\(result)\n\(stage.gateway.log)\n\(worker.log)")
            let lines = (result["text"]?.string ?? "").split(separator: "\n").dropLast().compactMap { Int($0) }
            #expect(lines == Array(1...max(1, lines.count)), "nothing is missing, nothing twice")
            try worker.stop()
            try stage.finish()
        }
    }
}
