import Client
import Foundation
import JSON
import Testing

/// Cron jobs on a real gateway, with a real command, over crashes.
struct CronTests {
    /// Each run writes its id into a file, so that what ran twice shows.
    private struct Stage {
        let directory: TemporaryDirectory
        let gateway: GatewayProcess

        init(_ script: String = "echo done", spawnTimeoutMs: Int = 8000, environment: [String: String] = [:]) throws {
            directory = try TemporaryDirectory()
            var configuration = GatewayConfiguration()
            configuration.subagents = "spawnTimeoutMs: \(spawnTimeoutMs), workerGraceMs: \(spawnTimeoutMs)"
            configuration.agents = [.shell("main", "echo \"$SALLYPORT_RUN_ID\" >> \(directory.path)/fired; \(script)")]
            gateway = try GatewayProcess(configuration.text, environment: environment)
        }

        /// Ids of the runs that have begun, in their order.
        var fired: [String] { contents(of: directory.path + "/fired").split(separator: "\n").map(String.init) }
    }

    private static func job(_ schedule: JSON) -> JSON {
        [
            "name": "tick", "schedule": schedule, "sessionTarget": "isolated", "wakeMode": "now",
            "payload": ["kind": "agentTurn", "message": "work"],
        ]
    }

    private static func add(_ schedule: JSON, _ owner: GatewayClient) throws -> String {
        let answer = try owner.request("cron.add", job(schedule))
        guard let id = answer["id"]?.string else { throw Unexpected("no job: \(answer)") }
        return id
    }

    private static func runs(_ id: String, _ owner: GatewayClient) throws -> [JSON] {
        try owner.request("cron.runs", ["id": .string(id), "limit": 200])["entries"]?.array ?? []
    }

    private static var nowMs: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    @Test func aJobFiresEverySecondAndNoFiringHappensTwiceOverCrashes() async throws {
        try await scenario {
            let stage = try Stage()
            let gateway = stage.gateway
            var owner = try await gateway.owner()
            let id = try Self.add(["kind": "every", "everyMs": 1000], owner)
            for round in 1...3 {
                try eventually("it fires, round \(round)") { stage.fired.count >= round * 3 }
                try gateway.kill()
                try gateway.start()
                owner = try await gateway.owner()
            }
            try eventually("it fires after the last crash") { stage.fired.count >= 12 }
            _ = try owner.request("cron.update", ["id": .string(id), "patch": ["enabled": false]])
            try eventually("nothing runs any more") {
                try owner.request("cron.get", ["id": .string(id)])["state"]?["runningAtMs"] == nil
            }
            let fired = stage.fired
            // What a worker brings in after a crash may come a little later than its job is seen at rest.
            try eventually("all that was done is in the log") {
                try Self.runs(id, owner).compactMap { $0["runId"]?.string }.count >= fired.count
            }
            #expect(Set(fired).count == fired.count, "a firing happened twice: \(fired)")
            let entries = try Self.runs(id, owner)
            let logged = entries.compactMap { $0["runId"]?.string }
            #expect(Set(logged).count == logged.count)
            #expect(Set(logged) == Set(fired), "log and deed differ\n\(gateway.log)")
            #expect(entries.allSatisfy { $0["status"]?.string == "ok" }, "\(entries)\n\(gateway.log)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aRunWhoseWorkerDiedWithTheGatewayEndsAsAnErrorAndBacksOff() async throws {
        try await scenario {
            let stage = try Stage("sleep 600", spawnTimeoutMs: 1500)
            let gateway = stage.gateway
            let before = try await gateway.owner()
            let id = try Self.add(["kind": "every", "everyMs": 1000], before)
            try eventually("it runs") { stage.fired.count == 1 }
            try gateway.kill()
            gateway.killWorkers()
            try gateway.start()
            let owner = try await gateway.owner()
            let state = try eventually("the run has ended") { () -> JSON? in
                let state = try owner.request("cron.get", ["id": .string(id)])["state"]
                return state?["lastRunStatus"] == nil ? nil : state
            }
            #expect(state["lastRunStatus"]?.string == "error")
            #expect(state["consecutiveErrors"]?.integer == 1)
            #expect(state["nextRunAtMs"]?.integer ?? 0 > Self.nowMs + 10_000)
            #expect(stage.fired.count == 1)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func whatFellIntoADowntimeHappensOnceAfterIt() async throws {
        try await scenario {
            let stage = try Stage()
            let gateway = stage.gateway
            let before = try await gateway.owner()
            let atMs = Self.nowMs + 1500
            let id = try Self.add(["kind": "at", "at": .integer(atMs)], before)
            try gateway.kill()
            try eventually("its time is over") { Self.nowMs > atMs + 200 }
            #expect(stage.fired == [])
            try gateway.start()
            let owner = try await gateway.owner()
            try eventually("it is done and gone") { try owner.request("cron.list")["total"]?.integer == 0 }
            #expect(stage.fired == ["cron:\(id):\(atMs)"])
            // The list is of memory, the log of the disk.
            let entry = try eventually("its log") { try Self.runs(id, owner).first }
            #expect(entry["status"]?.string == "ok")
            #expect(entry["summary"]?.string == "done")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func jobsAndTheirZonesAreThereAfterARestart() async throws {
        guard FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/Europe/Berlin") else {
            try Test.cancel("this system has no time zones (tzdata)")
        }
        try await scenario {
            let stage = try Stage(environment: ["TZ": "Asia/Kathmandu"])
            let gateway = stage.gateway
            let before = try await gateway.owner()
            let schedules: [JSON] = [
                ["kind": "cron", "expr": "30 9 * * *", "tz": "Europe/Berlin"],
                ["kind": "cron", "expr": "0 * * * *", "tz": "America/New_York"],
                ["kind": "cron", "expr": "30 9 * * *"],
            ]
            var next: [String: Int64] = [:]
            for schedule in schedules {
                let id = try Self.add(schedule, before)
                next[id] = try before.request("cron.get", ["id": .string(id)])["state"]?["nextRunAtMs"]?.integer
            }
            #expect(next.count == 3)
            // 9:30 is 3:45 UTC in Nepal.
            #expect(next.values.contains { $0 % 86_400_000 == (3 * 60 + 45) * 60_000 })
            let refusal = #expect(throws: ClientError.self) {
                try before.request("cron.add", Self.job(["kind": "cron", "expr": "0 9 * * *", "tz": "Mars/Olympus"]))
            }
            #expect("\(try #require(refusal))".contains("Mars/Olympus"))
            try gateway.kill()
            try gateway.start()
            let owner = try await gateway.owner()
            for (id, nextMs) in next {
                let job = try owner.request("cron.get", ["id": .string(id)])
                #expect(job["state"]?["nextRunAtMs"]?.integer == nextMs, "\(job)")
            }
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aRunByHandAnswersAtOnceAndIsToldInTheMainSession() async throws {
        try await scenario {
            let stage = try Stage("echo result of it")
            let owner = try await stage.gateway.owner()
            let id = try Self.add(["kind": "every", "everyMs": 86_400_000], owner)
            let answer = try owner.request("cron.run", ["id": .string(id)])
            #expect(answer["enqueued"]?.bool == true)
            let entry = try eventually("it has ended") { try Self.runs(id, owner).first }
            #expect(entry["runId"] == answer["runId"])
            #expect(entry["summary"]?.string == "result of it")
            #expect(entry["deliveryStatus"]?.string == "not-delivered")
            let history = try owner.request("chat.history", ["sessionKey": "main"])
            #expect("\(history)".contains("[cron:\(id) tick] result of it"))
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test func nothingFiresWhereCronIsSkipped() async throws {
        try await scenario {
            let stage = try Stage(environment: ["OPENCLAW_SKIP_CRON": "1"])
            let owner = try await stage.gateway.owner()
            let id = try Self.add(["kind": "every", "everyMs": 1000], owner)
            #expect(try owner.request("cron.status")["enabled"]?.bool == false)
            // A run by hand comes through, so the clock was looked at.
            _ = try owner.request("cron.run", ["id": .string(id)])
            try eventually("the run by hand") { stage.fired.count == 1 }
            let dueMs = try owner.request("cron.get", ["id": .string(id)])["state"]?["nextRunAtMs"]?.integer ?? 0
            try eventually("its time is over") { Self.nowMs > dueMs + 1000 }
            #expect(stage.fired.count == 1)
            owner.close()
            try stage.gateway.stop()
        }
    }
}
