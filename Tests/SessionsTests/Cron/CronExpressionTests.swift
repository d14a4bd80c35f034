import Sessions
import Testing

@Suite("Cron expressions")
struct CronExpressionTests {
    /// 2026-03-01T00:00:00Z, a Sunday
    static let march: Int64 = 1_772_323_200

    static func next(_ text: String, after ms: String, count: Int = 1) throws -> [String] {
        let expression = try CronExpression(text)
        var seconds = try #require(InstantSyntax.parse(ms)) / 1000
        var found: [String] = []
        for _ in 0..<count {
            guard let next = expression.next(after: seconds, in: .utc) else { break }
            found.append(String(InstantSyntax.format(ms: next * 1000).dropLast(5)))
            seconds = next
        }
        return found
    }

    @Test(
        "the next time follows the fields",
        arguments: [
            ("* * * * *", "2026-03-01T00:00:00Z", "2026-03-01T00:01:00"),
            ("* * * * * *", "2026-03-01T00:00:00Z", "2026-03-01T00:00:01"),
            ("*/15 * * * * *", "2026-03-01T00:00:46Z", "2026-03-01T00:01:00"),
            ("30 0 0 1 1 *", "2026-03-01T00:00:00Z", "2027-01-01T00:00:30"),
            ("0 9 * * MON-FRI", "2026-02-27T09:00:00Z", "2026-03-02T09:00:00"),
            ("0 9 * * 1-5", "2026-02-27T08:59:59Z", "2026-02-27T09:00:00"),
            ("0 0 * * 7", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00"),
            ("0 0 * * SUN", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00"),
            ("0 0 * * 5-7", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00"),
            ("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00"),
            ("0 0 29 FEB ?", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00"),
            ("0 0 31 * *", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00"),
            ("5/20 * * * *", "2026-03-01T00:05:00Z", "2026-03-01T00:25:00"),
            ("10-40/15 3 * * *", "2026-03-01T03:25:00Z", "2026-03-01T03:40:00"),
            ("1,2,50-52 * * * *", "2026-03-01T00:02:00Z", "2026-03-01T00:50:00"),
            ("0 0 1 jan,Jul *", "2026-03-01T00:00:00Z", "2026-07-01T00:00:00"),
            ("  0\t0  1 1 *  ", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00"),
            ("@daily", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00"),
            ("@Weekly", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00"),
            // Both day fields restricted: either of them will do; the 13th, or a Friday.
            ("0 0 13 * 5", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00"),
            ("0 0 13 * 5", "2026-04-10T00:00:00Z", "2026-04-13T00:00:00"),
            // One that begins with a star restricts both: odd days that are Mondays.
            ("0 0 */2 * 1", "2026-03-01T00:00:00Z", "2026-03-09T00:00:00"),
            ("59 59 23 31 12 ?", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59"),
        ])
    func nextTime(_ text: String, after: String, expected: String) throws {
        #expect(try Self.next(text, after: after) == [expected])
    }

    @Test(
        "an error names the field and what is wrong",
        arguments: [
            (
                "",
                "the expression has 0 fields: it needs 5 (minute, hour, day of month, month, day of week) or 6 (second first)"
            ),
            (
                "* * * *",
                "the expression has 4 fields: it needs 5 (minute, hour, day of month, month, day of week) or 6 (second first)"
            ),
            (
                "* * * * * * *",
                "the expression has 7 fields: it needs 5 (minute, hour, day of month, month, day of week) or 6 (second first)"
            ),
            ("60 * * * *", "the minute field: \"60\" is not from 0 to 59"),
            ("0 24 * * *", "the hour field: \"24\" is not from 0 to 23"),
            ("0 0 0 * *", "the day of month field: \"0\" is not from 1 to 31"),
            ("0 0 1 13 *", "the month field: \"13\" is not from 1 to 12"),
            ("0 0 1 * 8", "the day of week field: \"8\" is not from 0 to 7"),
            ("61 * * * * *", "the second field: \"61\" is not from 0 to 59"),
            ("0 0 1 FOO *", "the month field: \"FOO\" is no number or name (JAN to DEC)"),
            ("0 0 L * *", "the day of month field: \"L\" is no number, range, list or step"),
            ("0 17-9 * * *", "the hour field: \"17-9\" ends before it begins"),
            ("*/0 * * * *", "the minute field: \"*/0\" needs a step from 1 to 60 after \"/\""),
            ("*/61 * * * *", "the minute field: \"*/61\" needs a step from 1 to 60 after \"/\""),
            ("*/5/2 * * * *", "the minute field: \"*/5/2\" has more than one step"),
            ("1,,2 * * * *", "the minute field: \"\" is empty"),
            ("/5 * * * *", "the minute field: \"/5\" is empty"),
            ("1-2-3 * * * *", "the minute field: \"1-2-3\" is no range of two values"),
            ("-1 * * * *", "the minute field: \"-1\" is no number, range, list or step"),
            (
                "99999999999999999999 * * * *",
                "the minute field: \"99999999999999999999\" is no number, range, list or step"
            ),
            ("@reboot", "\"@reboot\" is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly"),
            ("0 0 30 2 *", "the expression never matches a date"),
            ("0 0 31 4,6,9,11 *", "the expression never matches a date"),
            ("0 0 30 2 */1", "the expression never matches a date"),
        ])
    func errors(_ text: String, message: String) {
        let error = #expect(throws: CronExpression.Failure.self) { try CronExpression(text) }
        #expect(error?.description == message)
    }

    @Test("a long expression is refused before it is read")
    func tooLong() {
        let text = String(repeating: "1,", count: 200) + "1 * * * *"
        #expect(throws: CronExpression.Failure.tooLong(limit: 256)) { try CronExpression(text) }
    }

    @Test(
        "all firings of a stretch of time, changes of the clocks included, are those of a walk over every minute",
        arguments: ZoneVectors.all.filter { !$0.firings.isEmpty })
    func zones(_ zone: ZoneVectors) throws {
        let rules = try TimeZoneRules(tzif: zone.file)
        for (after, until, instants, text) in zone.firings {
            let expression = try CronExpression(text)
            var found: [Int64] = []
            var seconds = after
            while let next = expression.next(after: seconds, in: rules), next <= until {
                found.append(next)
                seconds = next
            }
            #expect(found == instants, "\(text) from \(after)")
        }
    }

    @Test(
        "wherever one asks from, the next firing is the first that is later",
        arguments: ["30 2 * * *", "*/15 * * * *", "30 1 * * *", "0 */2 * * *"])
    func fromEverywhere(_ text: String) throws {
        let expression = try CronExpression(text)
        for zone in ZoneVectors.all
        where zone.testDescription.hasPrefix("Australia/Lord_Howe") || zone.testDescription.hasPrefix("Europe/Berlin") {
            let rules = try TimeZoneRules(tzif: zone.file)
            for (after, until, instants, expected) in zone.firings where expected == text {
                for seconds in stride(from: after, to: instants.last ?? until, by: 137) {
                    #expect(expression.next(after: seconds, in: rules) == instants.first { $0 > seconds })
                }
            }
        }
    }

    @Test("it ends in bounded time in a zone that changes its clocks for ever")
    func bounded() throws {
        let rules = try TimeZoneRules(tzif: TimeZoneRulesTests.file(footer: "XXX0YYY,M3.5.0/2,M10.5.0/3"))
        #expect(try CronExpression("0 2 29 2 *").next(after: 4_102_444_800, in: rules) == 4_233_693_600)
        // The leap day alone, over a dozen changes of the clocks.
        #expect(try CronExpression("30 */2 29 2 *").next(after: 0, in: rules) != nil)
    }
}
