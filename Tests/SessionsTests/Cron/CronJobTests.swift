import JSON
import Sessions
import Testing
import Wire

@Suite("Cron jobs as clients write them")
struct CronJobTests {
    static func read(_ json: JSON, current: String? = "agent:main:work") throws -> CronJob {
        try CronJob(try ParamReader(json), id: "j", current: current, createdAtMs: 1000, updatedAtMs: 2000)
    }

    static let turn: JSON = [
        "name": "n", "schedule": ["kind": "every", "everyMs": 60_000], "sessionTarget": "isolated", "wakeMode": "now",
        "payload": ["kind": "agentTurn", "message": "work"],
    ]

    static func turn(with members: [(String, JSON)]) -> JSON {
        var object = turn.object ?? JSONObject()
        for (name, value) in members { object[name] = value }
        return .object(object)
    }

    @Test("defaults are those that clients rely on")
    func defaults() throws {
        let job = try Self.read(Self.turn)
        #expect(job.isEnabled)
        #expect(job.schedule == .every(everyMs: 60_000, anchorMs: 1000))
        #expect(job.delivery.mode == .announce)
        #expect(job.wakeMode == .now)
        #expect(!job.isDeletedAfterRun)
        let event = try Self.read([
            "name": "n", "schedule": ["kind": "at", "at": "2030-01-01"],
            "payload": ["kind": "systemEvent", "text": "t"],
        ])
        #expect(event.target == .main)
        #expect(event.delivery.mode == .none)
        #expect(event.isDeletedAfterRun)
    }

    @Test(
        "what is written is read again as it was",
        arguments: [
            turn,
            turn(with: [
                ("schedule", ["kind": "cron", "expr": "0 9 * * 1-5", "tz": "Europe/Berlin", "staggerMs": 0]),
                ("sessionTarget", "session:agent:main:work"), ("description", "d"), ("agentId", "worker"),
                ("enabled", false), ("deleteAfterRun", true), ("sessionKey", "agent:main:main"),
                (
                    "payload",
                    ["kind": "agentTurn", "message": "m", "timeoutSeconds": 9, "model": "x", "lightContext": true]
                ),
                ("delivery", ["mode": "announce", "channel": "last", "to": "x", "bestEffort": true]),
            ]),
            turn(with: [
                ("schedule", ["kind": "at", "at": 1_772_323_200_000]), ("wakeMode", "next-heartbeat"),
                ("failureAlert", false),
            ]),
            [
                "name": "n", "schedule": ["kind": "at", "at": "2030-01-01T10:00:00+02:00"], "sessionTarget": "main",
                "payload": ["kind": "systemEvent", "text": "t"],
            ],
        ] as [JSON])
    func roundTrip(_ json: JSON) throws {
        var job = try Self.read(json)
        job.state.nextRunAtMs = 5
        job.state.lastStatus = .error
        job.state.consecutiveErrors = 3
        job.state.lastDeliveryStatus = .notDelivered
        job.state.lastDeliveryError = "e"
        let written = try JSONParser.parse(job.json.serialized())
        var again = try Self.read(written)
        again.state = CronJobState(written["state"])
        #expect(again == job)
    }

    @Test(
        "a wrong job is refused with the place and the rule",
        arguments: [
            ([("name", nil)], "must have required property 'name'"),
            ([("name", "")], "at /name: must NOT have fewer than 1 characters"),
            ([("schedule", nil)], "must have required property 'schedule'"),
            ([("schedule", ["kind": "never"])], "at /schedule/kind: must be at, every or cron"),
            (
                [("schedule", ["kind": "every", "everyMs": 999])],
                "at /schedule/everyMs: must be from 1000 to 31622400000"
            ),
            (
                [("schedule", ["kind": "at", "at": "soon"])],
                "at /schedule/at: must be an ISO 8601 time such as 2026-03-01T09:30:00Z, or milliseconds since 1970"
            ),
            ([("schedule", ["kind": "at"])], "at /schedule: must have required property 'at'"),
            (
                [("schedule", ["kind": "cron", "expr": "61 * * * *"])],
                "at /schedule/expr: the minute field: \"61\" is not from 0 to 59"
            ),
            (
                [("schedule", ["kind": "cron", "expr": "0 0 30 2 *"])],
                "at /schedule/expr: the expression never matches a date"
            ),
            (
                [("schedule", ["kind": "cron", "expr": "* * * * *", "tz": "../etc/passwd"])],
                "at /schedule/tz: must be the name of an IANA time zone such as Europe/Berlin"
            ),
            (
                [("schedule", ["kind": "cron", "expr": "* * * * *", "tz": "/etc/localtime"])],
                "at /schedule/tz: must be the name of an IANA time zone such as Europe/Berlin"
            ),
            ([("sessionTarget", "elsewhere")], "at /sessionTarget: must be main, isolated, current or session:<key>"),
            ([("sessionTarget", "main")], "at /payload: main cron jobs require payload.kind=\"systemEvent\""),
            (
                [("payload", ["kind": "systemEvent", "text": "t"])],
                "at /payload: isolated, current and session cron jobs require payload.kind=\"agentTurn\""
            ),
            ([("payload", ["kind": "agentTurn"])], "at /payload: must have required property 'message'"),
            (
                [("payload", ["kind": "command", "argv": ["ls"]])],
                "at /payload/kind: command is not allowed here: make the command an agent (agents.list[].exec.command) and use agentTurn"
            ),
            ([("wakeMode", "later")], "at /wakeMode: must be now or next-heartbeat"),
            (
                [("delivery", ["mode": "webhook", "to": "https://example.com"])],
                "at /delivery/mode: webhook is not supported by this gateway: use announce or none"
            ),
            (
                [("delivery", ["mode": "announce", "failureDestination": ["to": "x"]])],
                "at /delivery/failureDestination: is not supported by this gateway: leave it out"
            ),
            (
                [("failureAlert", ["after": 2])],
                "at /failureAlert: needs a channel, and this gateway has none: leave it out or use false"
            ),
        ] as [([(String, JSON?)], String)])
    func refusals(_ members: [(String, JSON?)], message: String) throws {
        var object = try #require(Self.turn.object)
        for (name, value) in members { object[name] = value }
        let error = #expect(throws: ParamReader.Failure.self) { try Self.read(.object(object)) }
        #expect(error?.message == message)
    }

    @Test("current is the session that makes the job, or none")
    func current() throws {
        let json = Self.turn(with: [("sessionTarget", "current")])
        #expect(try Self.read(json).target == .session("agent:main:work"))
        #expect(throws: ParamReader.Failure.self) { try Self.read(json, current: nil) }
    }

    @Test(
        "names of zones cannot leave their directory",
        arguments: [
            "", "/", "Europe//Berlin", "Europe/", "..", "Europe/../x", ".hidden", "a b", "Zürich", "x\0", "-x",
            String(repeating: "a", count: 65),
        ])
    func noZones(_ name: String) {
        #expect(!TimeZoneRules.isName(name))
    }

    @Test(
        "names of zones are names",
        arguments: [
            "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince", "EST5EDT",
        ])
    func zones(_ name: String) {
        #expect(TimeZoneRules.isName(name))
    }
}
