import Client
import Foundation
import JSON
import Testing

/// More spawns than there are places, and parents that hold places while they wait for their children.
///
/// `SALLYPORT_STORM_RUNS=500` asks for more of them.
struct SpawnStormTests {
    private static let runs =
        ProcessInfo.processInfo.environment["SALLYPORT_STORM_RUNS"].flatMap { Int($0) } ?? 60

    @Test func aStormOfSpawnsKeepsItsOrderAndTheGatewayItsMemory() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            var configuration = GatewayConfiguration()
            configuration.subagents = #"allowAgents: ["*"], maxConcurrent: 8, maxChildrenPerAgent: 1000"#
            configuration.agents = [.shell("main", #"echo "$1" >> \#(directory.path)/begun; echo "$1""#)]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            // What the first ones cost is not what the many cost.
            _ = try owner.result(of: owner.spawn("warm"))
            let before = gateway.residentKilobytes
            let started = ContinuousClock.now
            var spawned: [GatewayClient.Spawned] = []
            for number in 0..<Self.runs {
                spawned.append(try owner.spawn("\(number)"))
                // Evenly over ten seconds, or as fast as it goes where that is slower.
                let due = started + .milliseconds(10_000 * (number + 1) / max(Self.runs, 500))
                if due > .now { try await Task.sleep(until: due) }
            }
            let accepted = ContinuousClock.now - started
            for (number, run) in spawned.enumerated() {
                let result = try owner.result(of: run, within: .seconds(120))
                #expect(result["text"]?.string == "\(number)\n", "\(result)")
            }
            let all = ContinuousClock.now - started
            let order = contents(of: directory.path + "/begun").split(separator: "\n").dropFirst().compactMap {
                Int($0)
            }
            #expect(order.sorted() == Array(0..<Self.runs), "each once")
            // Places are given in order; eight that start together may overtake one another.
            let displaced = order.enumerated().map { abs($0.offset - $0.element) }.max() ?? 0
            let grown = gateway.residentKilobytes - before
            print(
                "storm: runs=\(Self.runs) accepted=\(accepted) all=\(all) displaced=\(displaced) "
                    + "memory=\(before) KiB +\(grown) KiB peak=\(gateway.peakResidentKilobytes) KiB")
            #expect(displaced <= 64)
            #expect(grown < 32 * 1024)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func parentsThatHoldAllPlacesGetTheirChildren() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.subagents = #"allowAgents: ["*"], maxConcurrent: 8, maxChildrenPerAgent: 1000"#
            configuration.agents = [
                .shell("main", #"if [ "$1" = parent ]; then "$SALLYPORT" sessions_spawn -- child; else echo "$1"; fi"#)
            ]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let parents = try (0..<8).map { _ in try owner.spawn("parent") }
            for parent in parents {
                let result = try owner.result(of: parent, within: .seconds(60))
                #expect(result["status"]?.string == "ok", "\(result)")
                #expect(result["text"]?.string?.contains("child") == true, "\(result)")
            }
            owner.close()
            try gateway.stop()
        }
    }
}
