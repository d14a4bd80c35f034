import JSON
import Sessions
import Store
import Testing

@testable import Gateway

@Suite("Cron jobs of an OpenClaw installation")
struct CronJobImportTests {
    static let nowMs: Int64 = 1_786_000_000_000

    /// As releases of 2026 wrote them.
    static let file: JSON = [
        "version": 1,
        "jobs": [
            [
                "id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "agentId": "worker", "name": "morning", "enabled": true,
                "createdAtMs": 1_770_000_000_000, "updatedAtMs": 1_771_000_000_000,
                "schedule": ["kind": "cron", "expr": "0 7 * * 1-5", "tz": "Europe/Berlin"], "sessionTarget": "isolated",
                "wakeMode": "next-heartbeat", "payload": ["kind": "agentTurn", "message": "sum up", "model": "x"],
                "delivery": ["mode": "announce", "channel": "telegram", "to": "123"],
                "state": [
                    "nextRunAtMs": 1_771_000_000_000, "runningAtMs": 5, "lastRunAtMs": 1_770_900_000_000,
                    "lastStatus": "ok", "lastDurationMs": 1234,
                ],
            ],
            [
                "id": "hook", "name": "hook", "schedule": ["kind": "every", "everyMs": 3_600_000],
                "sessionTarget": "isolated", "payload": ["kind": "agentTurn", "message": "m"],
                "delivery": ["mode": "webhook", "to": "https://example.com"], "failureAlert": ["after": 2],
            ],
            [
                "jobId": "old", "name": "old", "schedule": ["kind": "at", "atMs": 1_785_000_000_000],
                "sessionTarget": "main", "payload": ["kind": "systemEvent", "text": "t"],
            ],
            [
                "id": "soon", "name": "soon", "schedule": ["atMs": 1_787_000_000_000], "sessionTarget": "main",
                "payload": ["kind": "systemEvent", "text": "t"],
            ],
            [
                "id": "bad", "name": "bad", "schedule": ["kind": "cron", "expr": "99 * * * *"],
                "payload": ["kind": "agentTurn", "message": "m"],
            ],
            [
                "id": "cmd", "name": "cmd", "schedule": ["kind": "every", "everyMs": 60_000],
                "payload": ["kind": "command", "argv": ["ls"]],
            ],
            ["id": "../x", "name": "path"], ["name": "nameless"], "text", ["id": "hook", "name": "again"],
        ],
    ]

    @Test("what can be taken is taken, and what cannot is said")
    func whole() throws {
        let found = try #require(CronJobImport(Self.file, nowMs: Self.nowMs))
        #expect(found.jobs.map(\.id) == ["6ba7b810-9dad-41d1-80b4-00c04fd430c8", "hook", "old", "soon"])
        #expect(
            found.remarks.map { "\($0.isSkipped ? "-" : "~") \($0.what): \($0.why)" } == [
                "~ cron job hook: not taken over: its failure alert: there are no channels here",
                "~ cron job hook: not taken over: its webhook: results are told to nobody",
                "~ cron job old: not taken over: its time has passed: it is taken over disabled",
                "- cron job bad: at /schedule/expr: the minute field: \"99\" is not from 0 to 59",
                "- cron job cmd: at /payload/kind: command is not allowed here: make the command an agent "
                    + "(agents.list[].exec.command) and use agentTurn",
                "- cron job \"../x\": it has no id that could be used",
                "- cron job number 8: it has no id that could be used",
                "- cron job number 9: it has no id that could be used", "- cron job hook: its id stands there twice",
            ])
        let morning = try #require(CronJob(found.jobs[0]))
        #expect(morning.agentID == "worker")
        #expect(morning.createdAtMs == 1_770_000_000_000)
        #expect(morning.state.lastStatus == .ok)
        #expect(morning.state.runningAtMs == nil && morning.state.nextRunAtMs == nil)
        #expect(morning.delivery.options["channel"] == "telegram")
        #expect(found.jobs[0].timeZone == "Europe/Berlin")
        #expect(CronJob(found.jobs[1])?.delivery.mode == CronDelivery.Mode.none)
        #expect(!found.jobs[2].enabled)
        #expect(found.jobs[3].nextRunAtMs == 1_787_000_000_000)
    }

    @Test("a gateway that starts on imported jobs makes up for none of the past")
    func started() throws {
        let found = try #require(CronJobImport(Self.file, nowMs: Self.nowMs))
        var snapshot = StoreSnapshot()
        snapshot.cronJobs = found.jobs
        let gateway = try TestGateway(restoring: snapshot)
        gateway.advance(ms: 1000)
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(gateway.core.cron.jobs.count == 4)
        gateway.advance(ms: 3_600_000)
        #expect(gateway.takeSteps().launches.map(\.sessionKey) == ["agent:main:cron:hook"])
    }

    @Test(
        "a list alone is read too; anything else is no list of jobs",
        arguments: [("[]", true), ("{\"jobs\":[]}", true), ("{}", false), ("3", false), ("{\"jobs\":{}}", false)])
    func shapes(_ text: String, isList: Bool) throws {
        #expect((CronJobImport(try JSONParser.parse(Array(text.utf8)), nowMs: 0) != nil) == isList)
    }
}
