import Testing

@testable import Crypto

@Suite("Secrets and randomness")
struct SecretBytesTests {
    @Test("only equal bytes of equal length are equal")
    func comparison() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
        #expect(!constantTimeEquals([], [0]))
    }

    @Test("a wiped secret is empty")
    func wiping() {
        var secret: [UInt8] = [1, 2, 3]
        wipe(&secret)
        #expect(secret.isEmpty)
        wipe(&secret)
    }

    @Test("random bytes have the length asked for and differ", arguments: [0, 1, 16, 32, 5_000])
    func randomBytes(_ count: Int) {
        let bytes = SecureRandom.bytes(count)
        #expect(bytes.count == count)
        if count >= 16 { #expect(bytes != SecureRandom.bytes(count)) }
    }

    @Test("a UUID is of version 4 in lower case")
    func uuid() {
        var seen: Set<String> = []
        for _ in 0..<100 {
            let text = SecureRandom.uuid()
            #expect(text.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            #expect(seen.insert(text).inserted)
        }
    }

    @Test("a token is 43 characters of base64url")
    func token() {
        let token = SecureRandom.token()
        #expect(token.count == 43)
        #expect(Base64URL.decode(token)?.count == 32)
    }
}
