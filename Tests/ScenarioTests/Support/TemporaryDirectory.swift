import Files
import Foundation

/// A directory that goes away with the value.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        // Short, since paths of sockets are limited to 107 bytes.
        path = "/tmp/sallyport-scenario-\(UUID().uuidString.prefix(13).lowercased())"
        try Files.makeDirectory(path)
    }

    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try Files.writeAtomically(file, Array(text.utf8))
        return file
    }

    deinit {
        Files.removeTree(path)
    }
}

func contents(of path: String) -> String {
    String(decoding: (try? Files.read(path)) ?? [], as: UTF8.self)
}
