import Testing

@testable import Crypto

@Suite("Derived identity from the primitives")
struct DerivedIdentityTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let parentSeed, parentDeviceId, sessionKey, spawnId: String
        let childSeed, childPublicKey, childDeviceId: String
    }

    /// The known answers of the derived-identity vectors, computed by another implementation.
    static let vectors = [
        Vector(
            testDescription: "main session of the gateway",
            parentSeed: "9f32ee7e36da60be9c3cafd8bf16d2f6aec67b0c4c8f724c3b525513fed21367",
            parentDeviceId: "a5b16a90e8f7376d1772bd6b2e607b4ac946568fc8bb3a8700c98df4ed9ffa02",
            sessionKey: "agent:main:main",
            spawnId: "root.0",
            childSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            childPublicKey: "oDn1Wo4paw5pQ6_okiDBWt6LWrlQorTUofcOUTD6gmY",
            childDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385"),
        Vector(
            testDescription: "first sub-agent",
            parentSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            parentDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385",
            sessionKey: "agent:main:subagent:0f0e0d0c-0b0a-4908-8706-050403020100",
            spawnId: "0f0e0d0c-0b0a-4908-8706-050403020100",
            childSeed: "cf6a611f27c6caea1168515484abbadfdbab8992af3631ee767c571c0449b7dd",
            childPublicKey: "kqIY3Yd1XQswKDlZkBsHm6DyG8vXmasn6QJn5WMQqxg",
            childDeviceId: "74004df3e9d52372eb479433c8e1d28f8b10a047071592198adce42f2d742687"),
        Vector(
            testDescription: "sibling differs only by spawn id",
            parentSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            parentDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385",
            sessionKey: "agent:main:subagent:0f0e0d0c-0b0a-4908-8706-050403020100",
            spawnId: "0f0e0d0c-0b0a-4908-8706-050403020101",
            childSeed: "b77d38203133540634c443bbaac91215c82781778ecea5109e3af46c069bab6b",
            childPublicKey: "ZXDfceL8_PGVEPHQefIU_zUE0NLNXxLPQU8civ9ZKwc",
            childDeviceId: "5749c67360408a6e7373a3d062cf54ae5de4e17e56ad0c7046fdf7b51a6c3abc"),
        Vector(
            testDescription: "grandchild derives from its own parent",
            parentSeed: "cf6a611f27c6caea1168515484abbadfdbab8992af3631ee767c571c0449b7dd",
            parentDeviceId: "74004df3e9d52372eb479433c8e1d28f8b10a047071592198adce42f2d742687",
            sessionKey: "agent:finance-financial-forecaster:subagent:11111111-2222-4333-8444-555555555555",
            spawnId: "11111111-2222-4333-8444-555555555555",
            childSeed: "5de56f3ff47bb7aa86b6afc5a168078b793cc70f25988d3e80381a6a1ee7a549",
            childPublicKey: "zPG6oBgHbR6t9-0LRwqHZxmay-gU2Mv5HV9LIdJLMGs",
            childDeviceId: "599ae758f073113da57aa7de79d5ad8a79b395fce91f78c98a1daec8a48022ec"),
        Vector(
            testDescription: "acp session key",
            parentSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            parentDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385",
            sessionKey: "agent:analysis-agent:acp:99999999-8888-4777-8666-555555555555",
            spawnId: "99999999-8888-4777-8666-555555555555",
            childSeed: "38234c60f96a6340277281eea8723f209b6c9b12d7843567f0cd10265c55849a",
            childPublicKey: "Le_HUm9LA1WBGUjGrTB8wNBxeKyNg_ez73HFw4CU2LQ",
            childDeviceId: "4a323ed60c2eda7888cbc02743cdd80c3af51ab122ad2e1125d7c6573fc282ba"),
        Vector(
            testDescription: "non-ASCII session key (UTF-8 bytes count, no normalisation)",
            parentSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            parentDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385",
            sessionKey: "agent:büro-分析:subagent:22222222-2222-4222-8222-222222222222",
            spawnId: "22222222-2222-4222-8222-222222222222",
            childSeed: "05d35a61e3a715f5a9b9eea2e1a5c52c1da1b18af4162a10767a702b8dc1e607",
            childPublicKey: "ry9zJHVla4IqZ6Rx2wU8eguW7g5en5Ad7ac1-qdBmbk",
            childDeviceId: "3461e9ace6682f107e9f89babf34ad0f08e5c4c746f14342c4ac0a407af85166"),
        Vector(
            testDescription: "ambiguous concatenation is separated by lengths (a)",
            parentSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            parentDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385",
            sessionKey: "agent:x:1",
            spawnId: "23",
            childSeed: "2741632c64fb4ea7b3036eeef18fee1cafc7a2406ef16d38d6e57ed8df7397ea",
            childPublicKey: "ePvbEqQ-tr8SHKHUS4g3_i6yi_a2X8E13HYo-C8TIFU",
            childDeviceId: "db0d1ee91c25912ab26aac0c49fd3d0bd1f6fd406e4545ab0675aef799debae9"),
        Vector(
            testDescription: "ambiguous concatenation is separated by lengths (b)",
            parentSeed: "1f8f4d036ddf051f97ba36be31e0fa3febc77a685046cd7ee9b532ed4251f1dd",
            parentDeviceId: "49bc98c175d911b20e9a404828f082a84999c84f61788873715008f550741385",
            sessionKey: "agent:x:12",
            spawnId: "3",
            childSeed: "0713e23683633f60d9cb32f63cf733f50c4a17a54de78374faf6a01f8625152a",
            childPublicKey: "rjaP6e1L26nLwcJDKc6hlGVcxfU5T0dpFmdQSFlp-N4",
            childDeviceId: "74a89ec2c25f47402133601d6f6fe30e8427bdf8a43e7d7a36dd11c288872ef3"),
        Vector(
            testDescription: "another gateway never derives the same child",
            parentSeed: "6928c0eb39f526743fbb9743d0b83364c4a505744359af9309e13da63cad5652",
            parentDeviceId: "7d21a0982ff24e9721d0a479c0d9d71e79469802a383f159786408af3a634d78",
            sessionKey: "agent:main:main",
            spawnId: "root.0",
            childSeed: "3e6afd1ccb941e68b3739f244a8209909f342821b05f6bdc352c7ee318a260db",
            childPublicKey: "oP9ybgeDv3yROwKL-ksulblMQ1p-g02cA1xTLlM8xMk",
            childDeviceId: "6e7719c3023de89e0748f54f6ef9f9f421b97ae3b12a5fe24c63e0419a40a178"),
    ]

    @Test("the known child comes out", arguments: vectors)
    func derivation(_ vector: Vector) throws {
        let parent = try Ed25519PrivateKey(seed: hex(vector.parentSeed))
        let parentDeviceId = SHA256.digest(parent.publicKey)
        #expect(Hex.encode(parentDeviceId) == vector.parentDeviceId)
        var info = parentDeviceId
        for part in [vector.sessionKey, vector.spawnId] {
            info += [UInt8(part.utf8.count >> 8), UInt8(part.utf8.count & 0xFF)] + Array(part.utf8)
        }
        let salt = Array("sallyport/derived-device/v1".utf8)
        let childSeed = HKDFSHA256.derive(ikm: parent.seed, salt: salt, info: info, length: 32)
        #expect(Hex.encode(childSeed) == vector.childSeed)
        let child = try Ed25519PrivateKey(seed: childSeed)
        #expect(Base64URL.encode(child.publicKey) == vector.childPublicKey)
        #expect(Hex.encode(SHA256.digest(child.publicKey)) == vector.childDeviceId)
    }
}
