import Testing

@testable import Config

@Suite("Times with their unit")
struct PeriodTests {
    @Test(
        "are read and written",
        arguments: [
            ("30d", 30 * 86_400), ("12h", 43_200), ("90m", 5400), ("45s", 45), ("2w", 14 * 86_400),
            ("36500d", 36500 * 86_400),
        ])
    func readable(_ text: String, _ seconds: Int) throws {
        let period = try #require(Period.parse(text))
        #expect(period == .seconds(seconds))
        #expect(Period.parse(Period.text(period)) == period)
    }

    @Test("are shown in the largest unit that fits", arguments: [("24h", "1d"), ("90m", "90m"), ("1500ms", "1500ms")])
    func shown(_ text: String, _ shown: String) throws {
        #expect(try Period.text(#require(Period.parse(text))) == shown)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "30", "d", "0d", "-1d", "1.5d", "1 d", "1y", "36501d", "99999999999999999999d", "9223372036854775807w",
            "٣d",
        ])
    func refused(_ text: String) { #expect(Period.parse(text) == nil) }

    @Test("maintenance keeps archives as it is told")
    func maintenance() throws {
        #expect(
            try loaded("session:{maintenance:{pruneAfter:'7d'}}").session.maintenance.archiveRetention
                == .seconds(7 * 86_400))
        #expect(
            try loaded("session:{maintenance:{pruneAfter:'7d',resetArchiveRetention:'1h'}}").session.maintenance
                .archiveRetention == .seconds(3600))
        #expect(
            try loaded("session:{maintenance:{resetArchiveRetention:false}}").session.maintenance.archiveRetention
                == nil)
        #expect(try loaded("session:{maintenance:{mode:'warn'}}").session.maintenance.archiveRetention == nil)
    }
}
