import Foundation
import JSON
import Testing

/// The known-answer files, which another implementation computed.
enum Vectors {
    static func load(_ name: String) throws -> JSON {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"))
        return try JSONParser.parse([UInt8](Data(contentsOf: url)), maxNodes: 100_000)
    }
}
