import Foundation
import Sessions
import Testing

/// What another implementation says of zones (Vectors/make-time-zones.py).
struct ZoneVectors: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: [UInt8]
    var offsets: [(instant: Int64, offset: Int)] = []
    var locals: [(local: Int64, resolution: TimeZoneRules.Resolution)] = []
    var firings: [(after: Int64, until: Int64, instants: [Int64], expression: String)] = []

    static let all: [ZoneVectors] = (try? load()) ?? []

    static func file(_ name: String, _ form: String = "fat") throws -> [UInt8] {
        try #require(all.first { $0.testDescription == "\(name) \(form)" }).file
    }

    private static func load() throws -> [ZoneVectors] {
        let url = try #require(
            Bundle.module.url(forResource: "time-zones", withExtension: "txt", subdirectory: "Vectors"))
        var zones: [ZoneVectors] = []
        for line in String(decoding: try Data(contentsOf: url), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int64($0) }
            switch words[0] {
            case "zone":
                let data = try #require(Data(base64Encoded: String(words[3])))
                zones.append(ZoneVectors(testDescription: "\(words[1]) \(words[2])", file: [UInt8](data)))
            case "offset":
                zones[zones.count - 1].offsets.append((numbers[0], Int(numbers[1])))
            case "local":
                let resolution: TimeZoneRules.Resolution =
                    switch words[2] {
                    case "unique": .unique(numbers[1])
                    case "repeated": .repeated(first: numbers[1], second: numbers[2])
                    default: .skipped(at: numbers[1])
                    }
                zones[zones.count - 1].locals.append((numbers[0], resolution))
            case "cron":
                zones[zones.count - 1].firings.append(
                    (
                        numbers[0], numbers[1],
                        words[3] == "-" ? [] : words[3].split(separator: ",").compactMap { Int64($0) },
                        words[4...].joined(separator: " ")
                    ))
            default: break
            }
        }
        return zones
    }
}
