import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("cron.*, wire protocol 6.7")
struct CronTests {
    static let minute: Int64 = 60_000
    static let isolated: JSON = [
        "name": "tidy", "schedule": ["kind": "every", "everyMs": 60_000], "sessionTarget": "isolated",
        "wakeMode": "now", "payload": ["kind": "agentTurn", "message": "tidy up"],
    ]
    static let event: JSON = [
        "name": "tea", "schedule": ["kind": "every", "everyMs": 60_000], "sessionTarget": "main", "wakeMode": "now",
        "payload": ["kind": "systemEvent", "text": "tea time"],
    ]

    static func with(_ json: JSON, _ members: [(String, JSON)]) -> JSON {
        var object = json.object ?? JSONObject()
        for (name, value) in members { object[name] = value }
        return .object(object)
    }

    /// - Returns: the job's id.
    private func add(_ gateway: TestGateway, _ id: ConnectionID, _ job: JSON = isolated) throws -> String {
        let answer = try #require(gateway.call(id, .cronAdd, job))
        #expect(answer["ok"] == true, "\(answer)")
        return try #require(answer["payload"]?["id"]?.string)
    }

    /// The run that was launched for a job.
    private func launched(_ steps: [Step], _ job: String) throws -> LaunchOrder {
        try #require(steps.launches.first { $0.runID.contains(job) })
    }

    private func attach(_ gateway: TestGateway, _ order: LaunchOrder) throws -> (worker: ConnectionID, task: String) {
        let worker = gateway.connect(.worker(order))
        let answer = gateway.call(worker, .runAttach, ["runId": .string(order.runID)])
        return (worker, try #require(answer?["payload"]?["task"]?.string))
    }

    private func job(_ gateway: TestGateway, _ id: ConnectionID, _ job: String) -> JSON? {
        gateway.call(id, .cronGet, ["id": .string(job)])?["payload"]
    }

    @Test("cron.add answers with the job once it is durable, and tells of it")
    func added() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let id = try add(gateway, owner)
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "respond", "cron"])
        #expect(steps.events(.cron).first?.payload["action"] == "added")
        #expect(steps.events(.cron).first?.payload["job"]?["id"] == .string(id))
        let shown = job(gateway, owner, id)
        #expect(shown?["state"]?["nextRunAtMs"] == .integer(gateway.nowMs + Self.minute))
        #expect(shown?["enabled"] == true)
        #expect(shown?["delivery"]?["mode"] == "announce")
        let list = gateway.call(owner, .cronList)?["payload"]
        #expect(list?["total"] == 1)
        #expect(list?["hasMore"] == false)
        #expect(list?["nextOffset"] == .null)
        let status = gateway.call(owner, .cronStatus)?["payload"]
        #expect(status?["enabled"] == true)
        #expect(status?["jobs"] == 1)
        #expect(status?["storage"] == "sqlite")
        #expect(status?["nextWakeAtMs"] == .integer(gateway.nowMs + Self.minute))
    }

    @Test("an isolated job runs in a session of its own, fresh each time; its result is kept, told and announced")
    func isolatedRun() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.advance(ms: Self.minute - 1)
        #expect(gateway.takeSteps().launches.isEmpty)
        gateway.advance(ms: 1)
        let dueMs = gateway.nowMs
        let started = gateway.takeSteps()
        let order = try launched(started, id)
        #expect(order.runID == "cron:\(id):\(dueMs)")
        #expect(order.sessionKey == "agent:main:cron:\(id)")
        let names = started.names
        #expect(try #require(names.firstIndex(of: "commit")) < (try #require(names.firstIndex(of: "launch"))))
        #expect(started.events(.cron).map { $0.payload["action"] } == ["started"])
        #expect(gateway.store.cronRuns[order.runID]?.status == "running")
        #expect(gateway.store.runs[order.runID] != nil)
        #expect(job(gateway, owner, id)?["state"]?["runningAtMs"] == .integer(dueMs))

        let (worker, task) = try attach(gateway, order)
        #expect(task == "[cron:\(id) tidy] tidy up")
        _ = gateway.takeSteps()
        gateway.nowMs += 5000
        gateway.complete(worker, order.runID, text: "all tidy\n")
        let finished = try #require(gateway.takeSteps().events(.cron).first?.payload)
        #expect(finished["action"] == "finished")
        #expect(finished["status"] == "ok")
        #expect(finished["summary"] == "all tidy")
        #expect(finished["durationMs"] == 5000)
        #expect(finished["nextRunAtMs"] == .integer(dueMs + Self.minute))
        let state = job(gateway, owner, id)?["state"]
        #expect(state?["lastRunStatus"] == "ok")
        #expect(state?["lastDurationMs"] == 5000)
        #expect(state?["runningAtMs"] == nil)
        #expect(state?["lastDelivered"] == false)
        #expect(state?["lastDeliveryStatus"] == "not-delivered")
        #expect(state?["lastDeliveryError"]?.string?.contains("no channels") == true)
        let main = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        let told = gateway.store.transcripts[main.sessionID]?.last
        #expect(told?.role == "system")
        #expect(told.map { String(decoding: $0.body, as: UTF8.self) }?.contains("[cron:\(id) tidy] all tidy") == true)

        let runs = gateway.call(owner, .cronRuns, ["id": .string(id)])?["payload"]
        #expect(runs?["total"] == 1)
        let entry = runs?["entries"]?[0]
        #expect(entry?["runId"] == .string(order.runID))
        #expect(entry?["action"] == "finished")
        #expect(entry?["status"] == "ok")
        #expect(entry?["sessionKey"] == .string(order.sessionKey))
        #expect(entry?["jobName"] == "tidy")
        #expect(entry?["durationMs"] == 5000)
        #expect(entry?["delivered"] == false)

        let first = try #require(gateway.core.table.sessions[order.sessionKey]?.sessionID)
        #expect(entry?["sessionId"] == .string(first))
        gateway.advance(ms: Self.minute)
        let second = try launched(gateway.takeSteps(), id)
        #expect(second.sessionKey == order.sessionKey)
        #expect(gateway.core.table.sessions[order.sessionKey]?.sessionID != first)
        #expect(gateway.store.archived[first] == .reset)
    }

    @Test("NO_REPLY and HEARTBEAT_OK are told to nobody", arguments: ["NO_REPLY", " HEARTBEAT_OK\n"])
    func noReply(_ text: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.advance(ms: Self.minute)
        let order = try launched(gateway.takeSteps(), id)
        let (worker, _) = try attach(gateway, order)
        gateway.complete(worker, order.runID, text: text)
        #expect(job(gateway, owner, id)?["state"]?["lastDeliveryStatus"] == "not-requested")
        let main = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        #expect(gateway.store.transcripts[main.sessionID] == nil)
    }

    @Test("a run that fails says why, and the next waits for its backoff")
    func failed() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner, Self.with(Self.isolated, [("schedule", ["kind": "every", "everyMs": 1000])]))
        gateway.advance(ms: 1000)
        let order = try launched(gateway.takeSteps(), id)
        let (worker, _) = try attach(gateway, order)
        gateway.call(
            worker, .runComplete,
            ["runId": .string(order.runID), "status": "error", "text": "", "cause": "exit code 3", "exitCode": 3])
        let state = job(gateway, owner, id)?["state"]
        #expect(state?["lastRunStatus"] == "error")
        #expect(state?["lastError"] == "exit code 3")
        #expect(state?["consecutiveErrors"] == 1)
        #expect(state?["nextRunAtMs"] == .integer(gateway.nowMs + 30_000))
        gateway.advance(ms: 29_000)
        #expect(gateway.takeSteps().launches.isEmpty)
        gateway.advance(ms: 1000)
        #expect(gateway.takeSteps().launches.count == 1)
    }

    @Test("a system event is a turn of the main session at once")
    func systemEvent() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner, Self.event)
        gateway.advance(ms: Self.minute)
        let order = try launched(gateway.takeSteps(), id)
        #expect(order.sessionKey == TestGateway.mainKey)
        let (worker, task) = try attach(gateway, order)
        #expect(task == "tea time")
        gateway.complete(worker, order.runID)
        #expect(job(gateway, owner, id)?["state"]?["lastDeliveryStatus"] == "not-requested")
    }

    @Test("with next-heartbeat it waits for the session's next turn, also over a restart")
    func nextHeartbeat() throws {
        var gateway = try TestGateway()
        var owner = gateway.connect(.owner())
        let id = try add(gateway, owner, Self.with(Self.event, [("wakeMode", "next-heartbeat")]))
        gateway.advance(ms: Self.minute)
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(job(gateway, owner, id)?["state"]?["lastRunStatus"] == "ok")
        #expect(gateway.store.cronRuns.values.map(\.status) == ["ok"])

        gateway = try gateway.restarted(afterMs: 100)
        owner = gateway.connect(.owner())
        gateway.call(owner, .chatSend, ["sessionKey": "main", "message": "hello", "idempotencyKey": "k"])
        let order = try #require(gateway.takeSteps().launches.first)
        let (worker, task) = try attach(gateway, order)
        #expect(task == "System: tea time\n\nhello")
        gateway.complete(worker, order.runID)
        gateway.call(owner, .chatSend, ["sessionKey": "main", "message": "again", "idempotencyKey": "l"])
        let next = try #require(gateway.takeSteps().launches.last)
        #expect(try attach(gateway, next).task == "again")
    }

    @Test("wake is a turn at once, or a word before the next")
    func wake() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        #expect(gateway.call(owner, .wake, ["mode": "next-heartbeat", "text": "one"])?["payload"]?["ok"] == true)
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(gateway.call(owner, .wake, ["mode": "now", "text": "two"])?["payload"]?["ok"] == true)
        let order = try #require(gateway.takeSteps().launches.first)
        #expect(try attach(gateway, order).task == "System: one\n\ntwo")
        #expect(gateway.call(owner, .wake, ["mode": "soon", "text": "x"])?["ok"] == false)
        #expect(gateway.call(owner, .wake, ["mode": "now"])?["ok"] == false)
        for _ in 0..<GatewayCore.maxSystemEvents {
            #expect(gateway.call(owner, .wake, ["mode": "next-heartbeat", "text": "x"])?["ok"] == true)
        }
        let full = gateway.call(owner, .wake, ["mode": "next-heartbeat", "text": "x"])
        #expect(full?["error"]?["details"]?["code"] == "QUEUE_FULL")
    }

    @Test("killed between the firing's commit and its launch: it is launched once more, then the job tries again")
    func restartBeforeLaunch() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(
            gateway, owner, Self.with(Self.isolated, [("schedule", ["kind": "every", "everyMs": 86_400_000])]))
        gateway.advance(ms: 86_400_000)
        let order = try launched(gateway.takeSteps(), id)

        let next = try gateway.restarted(afterMs: 10)
        #expect(next.core.cron.runs[order.runID]?.phase == .running)
        var launches: [LaunchOrder] = []
        for _ in 0..<100 where launches.isEmpty {
            next.advance(ms: 1000)
            launches = next.takeSteps().launches.filter { $0.runID != order.runID }
        }
        #expect(next.store.cronRuns[order.runID]?.status == "error")
        #expect(launches.count == 1)
        #expect(launches.first?.runID != order.runID)
        let (worker, _) = try attach(next, try #require(launches.first))
        next.complete(worker, try #require(launches.first).runID)
        next.advance(ms: 600_000)
        #expect(next.takeSteps().launches.isEmpty)
    }

    @Test("killed while its worker runs, the worker comes back and the firing ends as it would have")
    func restartWhileRunning() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.advance(ms: Self.minute)
        let order = try launched(gateway.takeSteps(), id)
        _ = try attach(gateway, order)

        let next = try gateway.restarted(afterMs: 2 * Self.minute)
        next.advance(ms: 200)
        #expect(next.takeSteps().launches.isEmpty)
        let (worker, _) = try attach(next, order)
        next.complete(worker, order.runID, text: "after all")
        #expect(next.store.cronRuns[order.runID]?.status == "ok")
        #expect(next.store.cronRuns[order.runID]?.summary == "after all")
        #expect(next.core.cron.runs.isEmpty)
    }

    @Test("killed before the firing's commit, it has not happened, and happens after the restart")
    func restartBeforeCommit() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        let dueMs = gateway.nowMs + Self.minute
        gateway.commitMode = .held
        gateway.advance(ms: Self.minute)
        #expect(gateway.takeSteps().launches.isEmpty, "nothing is launched that no disk has")

        let next = try gateway.restarted(afterMs: 3 * Self.minute)
        next.advance(ms: 200)
        #expect(next.takeSteps().launches.map(\.runID) == ["cron:\(id):\(dueMs)"])
        next.advance(ms: 200)
        #expect(next.takeSteps().launches.isEmpty)
    }

    @Test("what ended before the kill is not run again")
    func restartAfterEnd() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(
            gateway, owner,
            Self.with(Self.isolated, [("schedule", ["kind": "at", "at": .integer(gateway.nowMs + 1000)])]))
        gateway.advance(ms: 1000)
        let order = try launched(gateway.takeSteps(), id)
        let (worker, _) = try attach(gateway, order)
        gateway.complete(worker, order.runID)
        #expect(gateway.store.cronJobs.isEmpty)
        #expect(gateway.takeSteps().events(.cron).map { $0.payload["action"] } == ["finished", "removed"])

        let next = try gateway.restarted(afterMs: 1000)
        next.advance(ms: 10 * Self.minute)
        #expect(next.takeSteps().launches.isEmpty)
        #expect(next.store.cronRuns[order.runID]?.status == "ok")
    }

    @Test("a firing that the disk refuses is not launched, counts as an error, and comes again")
    func diskFull() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.commitMode = .failing
        gateway.advance(ms: Self.minute)
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(gateway.core.table.runs.isEmpty)
        #expect(job(gateway, owner, id)?["state"]?["lastError"]?.string?.contains("disk full") == true)
        gateway.commitMode = .atOnce
        gateway.advance(ms: Self.minute)
        #expect(gateway.takeSteps().launches.count == 1)
    }

    @Test("a change that the disk refuses has not happened")
    func refusedChanges() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.commitMode = .failing
        #expect(gateway.call(owner, .cronAdd, Self.isolated)?["ok"] == false)
        #expect(gateway.call(owner, .cronRemove, ["id": .string(id)])?["ok"] == false)
        #expect(gateway.call(owner, .cronUpdate, ["id": .string(id), "patch": ["name": "new"]])?["ok"] == false)
        #expect(gateway.call(owner, .cronRun, ["id": .string(id)])?["ok"] == false)
        gateway.commitMode = .atOnce
        #expect(gateway.core.cron.jobs.keys.sorted() == [id])
        #expect(gateway.core.cron.jobs[id]?.name == "tidy")
        #expect(gateway.core.cron.runs.isEmpty)
    }

    @Test("cron.update changes what the patch names")
    func updated() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner, Self.with(Self.isolated, [("description", "d")]))
        func update(_ patch: JSON) -> JSON? {
            gateway.call(owner, .cronUpdate, ["jobId": .string(id), "patch": patch])
        }
        let renamed = update(["name": "new", "description": nil, "payload": ["message": "other"]])?["payload"]
        #expect(renamed?["name"] == "new")
        #expect(renamed?["description"] == nil)
        #expect(renamed?["payload"]?["message"] == "other")
        #expect(renamed?["payload"]?["kind"] == "agentTurn")
        #expect(renamed?["state"]?["nextRunAtMs"] == .integer(gateway.nowMs + Self.minute))
        gateway.nowMs += 1000
        let disabled = update(["enabled": false])?["payload"]
        #expect(disabled?["state"]?["nextRunAtMs"] == nil)
        #expect(gateway.call(owner, .cronList)?["payload"]?["total"] == 0)
        #expect(gateway.call(owner, .cronList, ["includeDisabled": true])?["payload"]?["total"] == 1)
        #expect(gateway.call(owner, .cronList, ["enabled": "disabled"])?["payload"]?["total"] == 1)
        let exact = update(["enabled": true, "schedule": ["kind": "cron", "expr": "0 0 1 1 *", "tz": "UTC"]])?[
            "payload"]
        #expect(exact?["schedule"] == ["kind": "cron", "expr": "0 0 1 1 *", "tz": "UTC"])
        #expect(exact?["state"]?["nextRunAtMs"] != nil)
        let wrong = update(["schedule": ["expr": "61 * * * *"]])
        #expect(wrong?["error"]?["message"]?.string?.contains("the minute field: \"61\" is not from 0 to 59") == true)
        #expect(update(["sessionTarget": "main"])?["ok"] == false)
        #expect(
            gateway.call(owner, .cronUpdate, ["id": "none", "patch": [:] as JSON])?["error"]?["details"]?["code"]
                == "CRON_JOB_NOT_FOUND")
    }

    @Test("cron.run runs at once, once at a time; cron.remove leaves nothing behind")
    func runAndRemove() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        #expect(
            gateway.call(owner, .cronRun, ["id": .string(id), "mode": "due"])?["payload"] == [
                "ok": true, "ran": false, "reason": "not-due",
            ])
        let answer = gateway.call(owner, .cronRun, ["id": .string(id)])?["payload"]
        #expect(answer?["enqueued"] == true)
        let runID = try #require(answer?["runId"]?.string)
        #expect(runID == "manual:\(id):\(gateway.nowMs):1")
        #expect(gateway.call(owner, .cronRun, ["id": .string(id)])?["payload"]?["reason"] == "already-running")
        gateway.advance(ms: 200)
        let order = try launched(gateway.takeSteps(), id)
        #expect(order.runID == runID)
        #expect(gateway.call(owner, .cronRemove, ["id": .string(id)])?["payload"] == ["ok": true, "removed": true])
        #expect(gateway.call(owner, .cronRemove, ["id": .string(id)])?["payload"] == ["ok": true, "removed": false])
        let (worker, _) = try attach(gateway, order)
        gateway.complete(worker, order.runID, text: "late")
        #expect(gateway.store.cronRuns[runID]?.status == "ok")
        #expect(gateway.store.cronJobs.isEmpty)
        #expect(gateway.call(owner, .cronGet, ["id": .string(id)])?["ok"] == false)
    }

    @Test("a run by hand that was acknowledged comes after a restart")
    func manualOverRestart() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        let answer = gateway.call(owner, .cronRun, ["id": .string(id)])
        let next = try gateway.restarted(afterMs: 10)
        next.advance(ms: 200)
        #expect(next.takeSteps().launches.map { JSON.string($0.runID) } == [answer?["payload"]?["runId"]])
    }

    @Test("a zone is read when a job first names it; one that is not there is refused")
    func zones() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        func add(_ tz: String) -> JSON? {
            gateway.call(
                owner, .cronAdd,
                Self.with(Self.isolated, [("schedule", ["kind": "cron", "expr": "0 9 * * *", "tz": .string(tz)])]))
        }
        #expect(add("Etc/UTC")?["ok"] == true)
        let refused = add("Mars/Olympus")?["error"]
        #expect(refused?["message"] == "invalid cron.add params: at /schedule/tz: there is no Mars/Olympus")
        #expect(refused?["details"]?["remediationHint"] == "tzdata")
        #expect(gateway.core.cron.jobs.count == 1)
    }

    @Test("what lies in the past is refused; a moment ago is now")
    func past() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        func at(_ ms: Int64) -> JSON? {
            gateway.call(owner, .cronAdd, Self.with(Self.isolated, [("schedule", ["kind": "at", "at": .integer(ms)])]))
        }
        #expect(at(gateway.nowMs - 3_600_000)?["error"]?["message"]?.string?.contains("is in the past") == true)
        let late = at(gateway.nowMs - 1000)
        let id = try #require(late?["payload"]?["id"]?.string)
        gateway.advance(ms: 200)
        let order = try launched(gateway.takeSteps(), id)
        gateway.call(owner, .cronUpdate, ["id": .string(id), "patch": ["deleteAfterRun": false]])
        let (worker, _) = try attach(gateway, order)
        gateway.complete(worker, order.runID)
        #expect(job(gateway, owner, id)?["enabled"] == false)
        func enable() -> JSON? { gateway.call(owner, .cronUpdate, ["id": .string(id), "patch": ["enabled": true]]) }
        #expect(enable()?["ok"] == true)
        _ = gateway.takeSteps()
        gateway.advance(ms: 200)
        let again = try launched(gateway.takeSteps(), id)
        #expect(again.runID != order.runID)
        let (second, _) = try attach(gateway, again)
        gateway.complete(second, again.runID)
        gateway.nowMs += 3_600_000
        #expect(enable()?["error"]?["message"]?.string?.contains("is in the past") == true)
    }

    @Test("with cron.enabled false nothing fires by itself")
    func disabled() throws {
        let gateway = try TestGateway(settings: { $0.cron.table.isEnabled = false })
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.advance(ms: 10 * Self.minute)
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(gateway.call(owner, .cronStatus)?["payload"]?["enabled"] == false)
        #expect(gateway.call(owner, .cronStatus)?["payload"]?["nextWakeAtMs"] == .null)
        #expect(gateway.call(owner, .cronRun, ["id": .string(id)])?["payload"]?["enqueued"] == true)
        gateway.advance(ms: 200)
        #expect(gateway.takeSteps().launches.count == 1)
    }

    @Test("a spawned session sees no job that is not its own, and hears of none")
    func confined() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, _) = try gateway.running(owner)
        let order = try #require(child.order)
        let agent = gateway.connect(.worker(order))
        let id = try add(gateway, owner)
        _ = gateway.takeSteps()
        #expect(gateway.call(agent, .cronList)?["payload"]?["total"] == 0)
        #expect(gateway.call(agent, .cronGet, ["id": .string(id)])?["ok"] == false)
        #expect(gateway.call(agent, .cronRuns)?["error"]?["code"] == "FORBIDDEN")
        #expect(gateway.call(agent, .cronRuns, ["id": .string(id)])?["error"]?["code"] == "FORBIDDEN")
        #expect(gateway.call(agent, .cronAdd, Self.isolated)?["error"]?["code"] == "FORBIDDEN")
        #expect(gateway.call(agent, .wake, ["mode": "now", "text": "x", "sessionKey": "main"])?["ok"] == false)
        #expect(gateway.call(agent, .wake, ["mode": "now", "text": "x", "agentId": "main"])?["ok"] == false)
        _ = gateway.takeSteps()
        gateway.advance(ms: Self.minute)
        let events = gateway.takeSteps().events(.cron)
        #expect(!events.isEmpty)
        for event in events { #expect(event.to == [owner]) }
    }

    @Test("an orderly stop ends a run as an error, and the job goes on after it")
    func shutDown() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(gateway, owner)
        gateway.advance(ms: Self.minute)
        let order = try launched(gateway.takeSteps(), id)
        gateway.perform(gateway.core.shutDown(reason: "SIGTERM", nowMs: gateway.nowMs))
        #expect(gateway.store.cronRuns[order.runID]?.error == "the gateway was stopped")
        gateway.advance(ms: 10 * Self.minute)
        #expect(gateway.takeSteps().launches.isEmpty, "nothing begins while it stops")
        let next = try gateway.restarted(afterMs: 10 * Self.minute)
        next.advance(ms: 200)
        #expect(next.takeSteps().launches.filter { $0.runID.contains(id) }.count == 1)
    }

    @Test("conversations of isolated jobs go when they have been silent for long")
    func retention() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = try add(
            gateway, owner,
            Self.with(Self.isolated, [("schedule", ["kind": "at", "at": .integer(gateway.nowMs + 1000)])]))
        gateway.advance(ms: 1000)
        let order = try launched(gateway.takeSteps(), id)
        let (worker, _) = try attach(gateway, order)
        gateway.complete(worker, order.runID)
        let sessionID = try #require(gateway.core.table.sessions[order.sessionKey]?.sessionID)
        gateway.advance(ms: 23 * 3_600_000)
        #expect(gateway.core.table.sessions[order.sessionKey] != nil)
        gateway.advance(ms: 2 * 3_600_000)
        #expect(gateway.core.table.sessions[order.sessionKey] == nil)
        #expect(gateway.store.archived[sessionID] == .deleted)
        #expect(gateway.core.table.sessions[TestGateway.mainKey] != nil)
    }
}
