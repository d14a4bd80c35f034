import Sessions
import Testing

@Suite("Cron schedules")
struct CronScheduleTests {
    @Test(
        "instants are ISO 8601 or milliseconds",
        arguments: [
            ("2026-03-01", 1_772_323_200_000 as Int64), ("2026-03-01T00:00", 1_772_323_200_000),
            ("2026-03-01T00:00:00Z", 1_772_323_200_000), ("2026-03-01 00:00:00", 1_772_323_200_000),
            ("2026-03-01T02:00:00+02:00", 1_772_323_200_000), ("2026-02-28T19:00:00-0500", 1_772_323_200_000),
            ("2026-03-01T05:30:00+0530", 1_772_323_200_000), ("2026-03-01T01:00:00+01", 1_772_323_200_000),
            ("2026-03-01T00:00:00.5Z", 1_772_323_200_500), ("2026-03-01t00:00:00.1239z", 1_772_323_200_123),
            ("1772323200000", 1_772_323_200_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("1970-01-01T00:00:00Z", 0), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ])
    func instants(_ text: String, ms: Int64) {
        #expect(InstantSyntax.parse(text) == ms)
    }

    @Test(
        "what is no instant is none",
        arguments: [
            "", "tomorrow", "20m", "2026-3-1", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-32",
            "2026-01-01T24:00", "2026-01-01T10:60", "2026-01-01T10:00:60Z", "2026-01-01T10", "2026-01-01T10:00:00.Z",
            "2026-01-01T10:00:00+", "2026-01-01T10:00:00+1", "2026-01-01T10:00:00+10:", "2026-01-01T10:00:00Zx",
            "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "12345", "999999999999999", "2026-01-01T",
            "0000-01-01",
        ])
    func noInstants(_ text: String) {
        #expect(InstantSyntax.parse(text) == nil)
    }

    @Test(
        "an instant is written as it is read",
        arguments: [0 as Int64, 1_772_323_200_500, 253_402_300_799_999, 951_782_400_001])
    func roundTrip(_ ms: Int64) {
        #expect(InstantSyntax.parse(InstantSyntax.format(ms: ms)) == ms)
    }

    @Test("at fires once")
    func once() {
        let schedule = CronSchedule.at(atMs: 1000)
        #expect(schedule.next(after: 999, id: "a", zone: .utc) == 1000)
        #expect(schedule.next(after: 1000, id: "a", zone: .utc) == nil)
    }

    @Test(
        "every keeps to its anchor",
        arguments: [(0 as Int64, 500 as Int64), (500, 1500), (1499, 1500), (1500, 2500), (9999, 10_500)])
    func every(_ after: Int64, next: Int64) {
        #expect(CronSchedule.every(everyMs: 1000, anchorMs: 500).next(after: after, id: "a", zone: .utc) == next)
    }

    @Test("a recurring full hour is spread by up to five minutes, always the same for a job; 0 is exact")
    func stagger() throws {
        let hour = 3_600_000 as Int64
        var seen: Set<Int64> = []
        for number in 0..<200 {
            let id = "6ba7b810-9dad-11d1-80b4-00c04fd4\(number + 1000)"
            let schedule = CronSchedule.cron(
                try CronExpression("0 * * * *"), text: "0 * * * *", tz: "UTC", staggerMs: nil)
            let first = try #require(schedule.next(after: 10 * hour, id: id, zone: .utc))
            let stagger = first % hour
            #expect((0..<300_000).contains(stagger))
            #expect(schedule.next(after: first, id: id, zone: .utc) == first + hour)
            #expect(schedule.next(after: first - 1, id: id, zone: .utc) == first)
            seen.insert(stagger)
            let exact = CronSchedule.cron(try CronExpression("0 * * * *"), text: "0 * * * *", tz: "UTC", staggerMs: 0)
            #expect(exact.next(after: 10 * hour, id: id, zone: .utc) == 11 * hour)
        }
        #expect(seen.count > 150)
    }

    @Test(
        "what names one hour, or another minute, is exact",
        arguments: ["0 9 * * *", "5 * * * *", "0 0 * * *", "30 0 * * * *"])
    func exact(_ text: String) throws {
        #expect(!(try CronExpression(text).isRecurringTopOfHour))
        let schedule = CronSchedule.cron(try CronExpression(text), text: text, tz: nil, staggerMs: nil)
        #expect(try #require(schedule.next(after: 1_772_323_200_000, id: "a", zone: .utc)) % 30_000 == 0)
    }

    @Test(
        "full hours by star and step are recurring", arguments: ["0 * * * *", "0 */2 * * *", "0 0 * * * *", "@hourly"])
    func recurring(_ text: String) throws {
        #expect(try CronExpression(text).isRecurringTopOfHour)
    }
}
