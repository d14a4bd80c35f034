import Config
import Files
import Foundation
import Testing

@Suite("Configuration files on disk")
struct ConfigFilesTests {
    private func inDirectory(_ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "sallyport-config-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test("main file, gateway.json, include and secret file are read together")
    func load() throws {
        try inDirectory { directory in
            try write(
                "{gateway:{mode:'local',auth:{token:{source:'file',id:'token'}},$include:'port.json'}}",
                "\(directory)/openclaw.json")
            try write("{gateway:{bind:'lan'}}", "\(directory)/gateway.json")
            try write("{port:4000}", "\(directory)/port.json")
            try write("hush\n", "\(directory)/token")
            let locations = try ConfigLocations.resolve(
                stateDirectory: directory, environment: [:], exists: ConfigFiles.exists)
            let result = ConfigFiles.load(locations, environment: [:])
            #expect(result.problems == [])
            let gateway = try #require(result.configuration).gateway
            #expect(gateway.port == 4000)
            #expect(gateway.bind == .lan)
            #expect(gateway.auth.token == Secret("hush"))
        }
    }

    @Test("a named file that is not there is an error")
    func missing() throws {
        try inDirectory { directory in
            let locations = try ConfigLocations.resolve(
                stateDirectory: directory, configFile: "\(directory)/none.json", environment: [:],
                exists: ConfigFiles.exists)
            let result = ConfigFiles.load(locations, environment: [:])
            #expect(result.configuration == nil)
            #expect(
                result.problems.map(\.message) == [
                    "cannot read \(directory)/none.json: open: No such file or directory"
                ])
        }
    }

    @Test("only regular files up to the limit are read")
    func limits() throws {
        try inDirectory { directory in
            let path = "\(directory)/f"
            try write("12345", path)
            #expect(try Files.read(path, maxBytes: 5) == Array("12345".utf8))
            #expect(throws: FileError.tooLarge(path: path, limit: 4)) { try Files.read(path, maxBytes: 4) }
            #expect(throws: FileError.notARegularFile(path: directory)) { try Files.read(directory) }
            #expect(throws: FileError.failed(.open, path: "\(path)x", errno: 2)) { try Files.read("\(path)x") }
            #expect(ConfigFiles.exists(path))
            #expect(!ConfigFiles.exists("\(path)x"))
        }
    }

    @Test("the process environment is read")
    func environment() {
        #expect(ConfigFiles.environment() == ProcessInfo.processInfo.environment)
    }
}
