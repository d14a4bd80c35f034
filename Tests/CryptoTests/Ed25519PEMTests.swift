import Foundation
import Testing

@testable import Crypto

@Suite("Ed25519 keys in PEM, RFC 8410")
struct Ed25519PEMTests {
    /// RFC 8410 §10.3 and §10.1.
    static let privatePEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
        -----END PRIVATE KEY-----

        """
    static let publicPEM = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PUBLIC KEY-----

        """
    static let seed = hex("d4ee72dbf913584ad5b6d8f1f769f8ad 3afe7c28cbf1d4fbe097a88f44755842")
    static let publicKey = hex("19bf44096984cdfe8541bac167dc3b96 c85086aa30b6b6cb0c5c38ad703166e1")

    @Test("the keys of RFC 8410 are read and written")
    func knownAnswer() throws {
        #expect(Ed25519PEM.seed(fromPEM: Self.privatePEM) == Self.seed)
        #expect(Ed25519PEM.publicKey(fromPEM: Self.publicPEM) == Self.publicKey)
        #expect(Ed25519PEM.privateKeyPEM(Self.seed) == Self.privatePEM)
        #expect(Ed25519PEM.publicKeyPEM(Self.publicKey) == Self.publicPEM)
        #expect(try Ed25519PrivateKey(seed: Self.seed).publicKey == Self.publicKey)
    }

    @Test("line ends, wrapping and text around the block do not matter")
    func tolerance() {
        let text = "comment\r\n" + Self.publicPEM.replacingOccurrences(of: "\n", with: "\r\n") + "trailer"
        #expect(Ed25519PEM.publicKey(fromPEM: text) == Self.publicKey)
        let wrapped = Self.publicPEM.replacingOccurrences(of: "GWb9", with: "GWb9\n ")
        #expect(Ed25519PEM.publicKey(fromPEM: wrapped) == Self.publicKey)
        let oneLine = Self.publicPEM.replacingOccurrences(of: "\n", with: "")
        #expect(Ed25519PEM.publicKey(fromPEM: oneLine) == Self.publicKey)
    }

    @Test("every cut through the block is refused")
    func cuts() {
        let text = Self.publicPEM.dropLast()
        for length in 0..<text.count {
            #expect(Ed25519PEM.publicKey(fromPEM: String(text.prefix(length))) == nil)
        }
    }

    @Test("another block, another algorithm and nonsense are refused")
    func refused() {
        #expect(Ed25519PEM.publicKey(fromPEM: Self.privatePEM) == nil)
        #expect(Ed25519PEM.seed(fromPEM: Self.publicPEM) == nil)
        // The object identifier of X25519 in place of Ed25519's.
        #expect(Ed25519PEM.publicKey(fromPEM: Self.publicPEM.replacingOccurrences(of: "K2Vw", with: "K2Vu")) == nil)
        #expect(Ed25519PEM.publicKey(fromPEM: "-----END PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----") == nil)
        #expect(Ed25519PEM.publicKey(fromPEM: "-----BEGIN PUBLIC KEY-----!!!!-----END PUBLIC KEY-----") == nil)
    }
}
