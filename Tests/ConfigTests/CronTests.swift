import Config
import JSON
import Testing

@Suite("cron")
struct CronTests {
    @Test("without a word about it, cron is on, one job at a time, and conversations go after a day")
    func defaults() throws {
        let cron = try loaded("").cron
        #expect(cron.isEnabled && !cron.isSkipped && !cron.skipMissedJobs)
        #expect(cron.maxConcurrentRuns == 1)
        #expect(cron.sessionRetention == .seconds(86_400))
        #expect(cron.keepLines == 2000)
    }

    @Test("what is set is read; what belongs to channels or files is let pass")
    func settings() throws {
        let text = """
            cron:{enabled:false,maxConcurrentRuns:3,skipMissedJobs:true,sessionRetention:'7d',
            runLog:{keepLines:50,maxBytes:1000},store:'x',webhookToken:'secret',failureAlert:{after:2}}
            """
        #expect(problems(text) == [])
        let cron = try loaded(text).cron
        #expect(!cron.isEnabled && cron.skipMissedJobs)
        #expect(cron.maxConcurrentRuns == 3)
        #expect(cron.sessionRetention == .seconds(7 * 86_400))
        #expect(cron.keepLines == 50)
        #expect(try loaded("cron:{sessionRetention:false}").cron.sessionRetention == nil)
    }

    @Test("OPENCLAW_SKIP_CRON stops the schedule", arguments: [("1", true), ("true", true), ("0", false)])
    func skipped(_ value: String, isSkipped: Bool) throws {
        #expect(try loaded("", environment: ["OPENCLAW_SKIP_CRON": value]).cron.isSkipped == isSkipped)
        #expect(try loaded("", environment: ["SALLYPORT_SKIP_CRON": value]).cron.isSkipped == isSkipped)
    }

    @Test(
        "a wrong value is refused with what is allowed",
        arguments: [
            ("maxConcurrentRuns:0", "an integer from 1 to 100"), ("enabled:3", "true or false"),
            ("sessionRetention:'1 day'", "a time such as \"24h\" (units s, m, h, d), or false"),
            ("sessionRetention:true", "a time such as \"24h\" (units s, m, h, d), or false"),
            ("sessionRetention:'0h'", "a time such as \"24h\" (units s, m, h, d), or false"),
            ("runLog:{keepLines:0}", "an integer from 1 to 100000"),
        ])
    func refused(_ member: String, allowed: String) {
        let found = problems("cron:{\(member)}")
        #expect(found.map(\.severity) == [.error])
        #expect(found.first?.message.contains("must be \(allowed), not ") == true)
    }

    @Test("a slip of the pen is found")
    func unknown() {
        #expect(problems("cron:{enable:false}").first?.remedy == "did you mean cron.enabled?")
    }
}
