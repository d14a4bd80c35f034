package import Crypto

/// The identity of a spawned session, derived from its parent's (design document, section 5).
///
/// ```
/// childSeed = HKDF-SHA-256(ikm: parentSeed, salt: "sallyport/derived-device/v1",
///     info: parentDeviceId (32) ‖ u16be(length) ‖ childSessionKey ‖ u16be(length) ‖ spawnId, 32 bytes)
/// ```
///
/// The same spawn always yields the same identity, so a reconnect is not a new device and nobody has to store keys.
package enum DerivedIdentity {
    package static let salt = Array("sallyport/derived-device/v1".utf8)

    /// - Parameters:
    ///   - parentSeed: 32 bytes.
    ///   - parentDeviceID: 64 hex digits.
    /// - Returns: 32 bytes, an Ed25519 private key (RFC 8032); nil when an argument has the wrong length.
    package static func childSeed(
        parentSeed: [UInt8], parentDeviceID: String, sessionKey: String, spawnID: String
    ) -> [UInt8]? {
        guard parentSeed.count == 32, let parent = Hex.decode(parentDeviceID), parent.count == 32,
            sessionKey.utf8.count <= Int(UInt16.max), spawnID.utf8.count <= Int(UInt16.max)
        else { return nil }
        var info = parent
        for text in [sessionKey, spawnID] {
            let length = UInt16(text.utf8.count)
            info.append(UInt8(length >> 8))
            info.append(UInt8(truncatingIfNeeded: length))
            info.append(contentsOf: text.utf8)
        }
        return HKDFSHA256.derive(ikm: parentSeed, salt: salt, info: info, length: 32)
    }
}

/// A private key with its device id: what a derived session signs with.
package struct SigningIdentity: Sendable {
    package let deviceID: String
    package let key: Ed25519PrivateKey

    package init(seed: [UInt8]) throws(CryptoError) {
        key = try Ed25519PrivateKey(seed: seed)
        deviceID = DeviceIdentity.id(ofPublicKey: key.publicKey)
    }

    /// The identity of a session that this one spawns.
    package func child(sessionKey: String, spawnID: String) throws(CryptoError) -> SigningIdentity {
        guard
            let seed = DerivedIdentity.childSeed(
                parentSeed: key.seed, parentDeviceID: deviceID, sessionKey: sessionKey, spawnID: spawnID)
        else { throw .keyRejected }
        return try SigningIdentity(seed: seed)
    }
}
