package import Crypto

/// The identity that a client proves: an Ed25519 key and the id that follows from it.
package struct DeviceKey: Sendable {
    /// Lower-case hex SHA-256 of the raw public key.
    package let deviceId: String
    package let privateKey: Ed25519PrivateKey

    package init(_ privateKey: Ed25519PrivateKey) {
        self.privateKey = privateKey
        deviceId = Hex.encode(SHA256.digest(privateKey.publicKey))
    }

    /// - Parameter seed: 32 bytes; the caller wipes them.
    package init(seed: [UInt8]) throws(CryptoError) {
        self.init(try Ed25519PrivateKey(seed: seed))
    }
}
