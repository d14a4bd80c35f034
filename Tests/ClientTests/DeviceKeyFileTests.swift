import Crypto
import EventLoop
import Foundation
import Glibc
import JSON
import Synchronization
import Testing

@testable import Client

@Suite("Device key file")
final class DeviceKeyFileTests {
    private static let seed = Array(UInt8(1)...32)
    /// Each test has an instance of its own; what it made goes with it.
    private var directories: [String] = []

    deinit {
        for path in directories { try? FileManager.default.removeItem(atPath: path) }
    }

    private func temporaryDirectory() -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "sallyport-\(SecureRandom.uuid())").path
        _ = unsafe mkdir(path, 0o700)
        directories.append(path)
        return path
    }

    private func write(_ text: String, to path: String) throws {
        try PrivateFile.create(path, containing: Array(text.utf8))
    }

    private func contents(of path: String) throws -> [UInt8] {
        try #require(try PrivateFile.read(path, maxBytes: 100_000))
    }

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("a missing file is created with its directory, and gives the same identity again")
    func create() throws {
        let path = temporaryDirectory() + "/state/identity/device.json"
        let key = try DeviceKeyFile.loadOrCreate(path)
        #expect(try DeviceKeyFile.loadOrCreate(path).deviceId == key.deviceId)
        #expect(mode(of: path) == 0o600)
        #expect(mode(of: String(path.dropLast("/device.json".count))) == 0o700)
        let document = try JSONParser.parse(try contents(of: path))
        #expect(document["version"] == 1)
        #expect(document["deviceId"]?.string == key.deviceId)
        #expect(document["publicKeyPem"]?.string?.hasPrefix("-----BEGIN PUBLIC KEY-----\n") == true)
        #expect((document["createdAtMs"]?.integer ?? 0) > 1_700_000_000_000)
        #expect(document.object?.names == ["version", "deviceId", "publicKeyPem", "privateKeyPem", "createdAtMs"])
    }

    @Test("processes that start at once agree on one identity")
    func race() throws {
        let path = temporaryDirectory() + "/identity/device.json"
        let ids = Ids()
        let threads = try (0..<4).map { _ in
            try Reactor.spawnThread(name: "creator") { reactor in
                ids.append((try? DeviceKeyFile.loadOrCreate(path).deviceId) ?? "failed")
                reactor.stop()
            }
        }
        for thread in threads { thread.join() }
        #expect(ids.all.count == 4)
        #expect(Set(ids.all).count == 1)
        #expect(!ids.all.contains("failed"))
    }

    private final class Ids: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func append(_ id: String) { list.withLock { $0.append(id) } }
    }

    @Test("the raw form keeps the same id, in either base64")
    func rawForm() throws {
        let key = try DeviceKey(seed: Self.seed)
        for encode in [Base64URL.encode, Base64.encode] {
            let document: JSON = [
                "deviceId": "ignored", "publicKey": .string(encode(key.privateKey.publicKey)),
                "privateKey": .string(encode(Self.seed)), "createdAtMs": 1,
            ]
            let read = try DeviceKeyFile.parse(document.serialized(), path: "x")
            #expect(read.deviceId == key.deviceId)
            #expect(read.privateKey.seed == Self.seed)
        }
    }

    @Test("a written identity is read back")
    func roundTrip() throws {
        let key = try DeviceKey(seed: Self.seed)
        let text = DeviceKeyFile.document(for: key, createdAtMs: 1_786_000_000_000)
        #expect(text.hasSuffix("}\n"))
        #expect(try DeviceKeyFile.parse(Array(text.utf8), path: "x").privateKey.seed == Self.seed)
    }

    @Test("a file that cannot be used stays as it is", arguments: ["", "{", "[]", "{\"deviceId\":\"a\"}", "null"])
    func unusable(text: String) throws {
        let path = temporaryDirectory() + "/device.json"
        try write(text, to: path)
        #expect(throws: DeviceKeyFileError.self) { _ = try DeviceKeyFile.loadOrCreate(path) }
        #expect(try contents(of: path) == Array(text.utf8))
    }

    @Test("keys that do not belong together fail the self-check and stay")
    func mismatch() throws {
        let path = temporaryDirectory() + "/device.json"
        let other = try DeviceKey(seed: Array(repeating: 7, count: 32))
        let document: JSON = [
            "publicKeyPem": .string(Ed25519PEM.publicKeyPEM(other.privateKey.publicKey)),
            "privateKeyPem": .string(Ed25519PEM.privateKeyPEM(Self.seed)),
        ]
        try write(document.description, to: path)
        #expect(throws: DeviceKeyFileError.selfCheckFailed(path: path)) { _ = try DeviceKeyFile.loadOrCreate(path) }
        #expect(try contents(of: path) == document.serialized())
    }

    @Test("what is no file, too large or under a file is an error with its path")
    func fileErrors() throws {
        let directory = temporaryDirectory()
        #expect(throws: DeviceKeyFileError.notAnIdentity(path: directory)) {
            _ = try DeviceKeyFile.loadOrCreate(directory)
        }
        let large = directory + "/large"
        try write(String(repeating: " ", count: DeviceKeyFile.maxBytes + 1), to: large)
        #expect(throws: DeviceKeyFileError.tooLarge(path: large, limit: DeviceKeyFile.maxBytes)) {
            _ = try DeviceKeyFile.loadOrCreate(large)
        }
        #expect(throws: DeviceKeyFileError.io(path: large + "/x", operation: "open", errno: ENOTDIR)) {
            _ = try DeviceKeyFile.loadOrCreate(large + "/x")
        }
    }
}
