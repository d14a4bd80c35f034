import Sessions
import Testing

@Suite("Time zones, RFC 8536")
struct TimeZoneRulesTests {
    @Test("the vectors are there")
    func present() {
        #expect(ZoneVectors.all.count == 28)
        #expect(ZoneVectors.all.allSatisfy { $0.offsets.count >= 40 })
        #expect(
            ZoneVectors.all.filter { $0.locals.contains { if case .skipped = $0.resolution { true } else { false } } }
                .count > 15)
    }

    @Test("offsets are those of another implementation, in the past and beyond the table", arguments: ZoneVectors.all)
    func offsets(_ zone: ZoneVectors) throws {
        let rules = try TimeZoneRules(tzif: zone.file)
        for (instant, offset) in zone.offsets {
            #expect(rules.offset(at: instant) == offset, "at \(instant)")
        }
    }

    @Test("local times are unique, repeated or skipped as another implementation says", arguments: ZoneVectors.all)
    func locals(_ zone: ZoneVectors) throws {
        let rules = try TimeZoneRules(tzif: zone.file)
        for (local, resolution) in zone.locals {
            #expect(rules.resolve(local: local) == resolution, "local \(local)")
        }
    }

    @Test("a file that is cut off anywhere is refused, never a trap")
    func everyCut() throws {
        for name in ["Europe/Berlin", "Etc/UTC"] {
            let file = try ZoneVectors.file(name)
            for count in file.indices {
                #expect(throws: TZifError.self) { try TimeZoneRules(tzif: Array(file[..<count])) }
            }
        }
    }

    @Test("a file with any byte changed is read or refused, never a trap")
    func everyByte() throws {
        let file = try ZoneVectors.file("America/New_York", "slim")
        for place in file.indices {
            for flip in [0x80, 0x7F, 0x01] as [UInt8] {
                var changed = file
                changed[place] ^= flip
                guard let rules = try? TimeZoneRules(tzif: changed) else { continue }
                _ = rules.resolve(local: 1_786_000_000)
                _ = rules.resolve(local: 4_102_444_800)
            }
        }
    }

    @Test("what is no zone is refused by its reason")
    func refusals() throws {
        var file = try ZoneVectors.file("Europe/Berlin")
        #expect(throws: TZifError.noTZif) { try TimeZoneRules(tzif: Array("# tzdb".utf8)) }
        #expect(throws: TZifError.noTZif) { try TimeZoneRules(tzif: Array(String(repeating: "x", count: 100).utf8)) }
        file[4] = 0x41
        #expect(throws: TZifError.inconsistent("version 65")) { try TimeZoneRules(tzif: file) }
        // No types: only the header's counts differ.
        var empty = Array("TZif".utf8) + [UInt8](repeating: 0, count: 40)
        #expect(throws: TZifError.inconsistent("no type of local time")) { try TimeZoneRules(tzif: empty) }
        empty[31] = 1
        #expect(throws: TZifError.truncated) { try TimeZoneRules(tzif: empty) }
        let leap = empty + [UInt8](repeating: 0, count: 8)
        #expect(throws: TZifError.leapSeconds) { try TimeZoneRules(tzif: leap) }
    }

    @Test("a version 1 file is read by its 32-bit times, and keeps its last offset")
    func version1() throws {
        var file = Array("TZif".utf8) + [UInt8](repeating: 0, count: 40)
        (file[35], file[39], file[43]) = (1, 2, 4)
        file += [0x40, 0, 0, 0, 1]
        file += [0, 0, 0x0E, 0x10, 0, 0, 0, 0, 0x1C, 0x20, 1, 0]
        file += Array("CET\0".utf8)
        let rules = try TimeZoneRules(tzif: file)
        #expect(rules.offset(at: 0x3FFF_FFFF) == 3600)
        #expect(rules.offset(at: 0x4000_0000) == 7200)
        #expect(rules.offset(at: 0x7_0000_0000) == 7200)
    }

    @Test(
        "a footer that is no rule is refused",
        arguments: [
            "CET", "CET-1CEST,M3.5.0", "CE-1", "<CET-1", "CET-1CEST,M13.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/168",
            "CET-1CEST,J0,J5",
        ])
    func badFooter(_ footer: String) throws {
        #expect(throws: TZifError.footer(footer)) { try TimeZoneRules(tzif: Self.file(footer: footer)) }
    }

    @Test(
        "rules by day of the year are kept in leap years",
        arguments: [
            // 1 March is day 60 without, and day 60 (from 0) with the leap day.
            ("XXX0YYY,J60/0,J300/0", 1_709_251_199 as Int64, 0), ("XXX0YYY,J60/0,J300/0", 1_709_251_200, 3600),
            ("XXX0YYY,60/0,300/0", 1_709_251_199, 0), ("XXX0YYY,60/0,300/0", 1_709_251_200, 3600),
            // Always daylight time, as RFC 8536 writes it.
            ("XXX3EDT4,0/0,J365/23", 1_709_251_200, -14_400), ("XXX3EDT4,0/0,J365/23", 1_704_078_000, -14_400),
        ])
    func daysOfYear(_ footer: String, instant: Int64, offset: Int) throws {
        #expect(try TimeZoneRules(tzif: Self.file(footer: footer)).offset(at: instant) == offset)
    }

    /// A version 3 file with nothing but a footer.
    static func file(footer: String) -> [UInt8] {
        let header = Array("TZif3".utf8) + [UInt8](repeating: 0, count: 39)
        var second = header
        (second[39], second[43]) = (1, 4)
        return header + second + [0, 0, 0, 0, 0, 0] + Array("XXX\0".utf8) + Array("\n\(footer)\n".utf8)
    }
}
