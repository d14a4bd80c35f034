import Crypto
import JSON
import Testing
import Trust

@Suite("Derived device identity, design document section 5")
struct DerivedIdentityTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let parentSeed: [UInt8]
        let parentDeviceID: String
        let sessionKey: String
        let spawnID: String
        let childSeed: [UInt8]
        let childPublicKey: [UInt8]
        let childDeviceID: String

        init?(_ json: JSON) {
            guard let name = json["name"]?.string, let parentSeed = json["parentSeedHex"]?.string.flatMap(Hex.decode),
                let parentDeviceID = json["parentDeviceId"]?.string, let sessionKey = json["childSessionKey"]?.string,
                let spawnID = json["spawnId"]?.string,
                let childSeed = json["childSeedHex"]?.string.flatMap(Hex.decode),
                let childPublicKey = json["childPublicKey"]?.string.flatMap(Base64URL.decode),
                let childDeviceID = json["childDeviceId"]?.string
            else { return nil }
            testDescription = name
            self.parentSeed = parentSeed
            self.parentDeviceID = parentDeviceID
            self.sessionKey = sessionKey
            self.spawnID = spawnID
            self.childSeed = childSeed
            self.childPublicKey = childPublicKey
            self.childDeviceID = childDeviceID
        }
    }

    static func vectors() throws -> [Vector] {
        let entries = try #require(try Vectors.load("derived-identity")["vectors"]?.array)
        let vectors = entries.compactMap(Vector.init)
        try #require(vectors.count == entries.count && vectors.count == 9)
        return vectors
    }

    @Test("seed, public key and device id are those of the other implementation", arguments: try vectors())
    func knownAnswers(_ vector: Vector) throws {
        let seed = DerivedIdentity.childSeed(
            parentSeed: vector.parentSeed, parentDeviceID: vector.parentDeviceID, sessionKey: vector.sessionKey,
            spawnID: vector.spawnID)
        #expect(seed == vector.childSeed)
        let parent = try SigningIdentity(seed: vector.parentSeed)
        #expect(parent.deviceID == vector.parentDeviceID)
        let child = try parent.child(sessionKey: vector.sessionKey, spawnID: vector.spawnID)
        #expect(child.key.publicKey == vector.childPublicKey)
        #expect(child.deviceID == vector.childDeviceID)
        #expect(DeviceIdentity.id(ofPublicKey: vector.childPublicKey) == vector.childDeviceID)
        #expect(child.key.seed == vector.childSeed)
    }

    @Test("the file and the sources agree about the constants")
    func constants() throws {
        let file = try Vectors.load("derived-identity")
        #expect(file["salt"]?.string.map { Array($0.utf8) } == DerivedIdentity.salt)
        #expect(file["length"] == 32)
    }

    @Test("changing any one input changes the child", arguments: try vectors())
    func sensitivity(_ vector: Vector) throws {
        var otherSeed = vector.parentSeed
        otherSeed[31] ^= 1
        let otherParent = String(vector.parentDeviceID.reversed())
        let others = [
            DerivedIdentity.childSeed(
                parentSeed: otherSeed, parentDeviceID: vector.parentDeviceID, sessionKey: vector.sessionKey,
                spawnID: vector.spawnID),
            DerivedIdentity.childSeed(
                parentSeed: vector.parentSeed, parentDeviceID: otherParent, sessionKey: vector.sessionKey,
                spawnID: vector.spawnID),
            DerivedIdentity.childSeed(
                parentSeed: vector.parentSeed, parentDeviceID: vector.parentDeviceID,
                sessionKey: vector.sessionKey + "x", spawnID: vector.spawnID),
            DerivedIdentity.childSeed(
                parentSeed: vector.parentSeed, parentDeviceID: vector.parentDeviceID, sessionKey: vector.sessionKey,
                spawnID: vector.spawnID + "x"),
        ]
        #expect(Set(others).count == 4)
        #expect(!others.contains(vector.childSeed) && !others.contains(nil))
    }

    @Test("arguments of a wrong length derive nothing")
    func wrongLengths() {
        let seed = [UInt8](repeating: 7, count: 32)
        let id = String(repeating: "ab", count: 32)
        func derive(_ seed: [UInt8], _ id: String, _ key: String, _ spawnID: String) -> [UInt8]? {
            DerivedIdentity.childSeed(parentSeed: seed, parentDeviceID: id, sessionKey: key, spawnID: spawnID)
        }
        let longest = String(repeating: "x", count: 65_535)
        #expect(derive(seed, id, longest, longest)?.count == 32)
        #expect(derive(seed, id, "", "")?.count == 32)
        #expect(derive(seed, id, longest + "x", "1") == nil)
        #expect(derive(seed, id, "k", longest + "x") == nil)
        #expect(derive(Array(seed.dropLast()), id, "k", "1") == nil)
        #expect(derive(seed + [0], id, "k", "1") == nil)
        #expect(derive([], id, "k", "1") == nil)
        #expect(derive(seed, String(id.dropLast(2)), "k", "1") == nil)
        #expect(derive(seed, String(id.dropLast()), "k", "1") == nil)
        #expect(derive(seed, id.replacing("a", with: "g"), "k", "1") == nil)
        #expect(derive(seed, "", "k", "1") == nil)
        #expect(throws: CryptoError.self) { try SigningIdentity(seed: [1, 2, 3]) }
    }
}
