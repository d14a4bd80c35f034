internal import Crypto
internal import JSON
internal import Text

/// A device is its Ed25519 public key; its id is the lower-case hex SHA-256 of the 32 raw bytes.
package enum DeviceIdentity {
    package static func id(ofPublicKey publicKey: [UInt8]) -> String {
        Hex.encode(SHA256.digest(publicKey))
    }

    /// The raw key in any form that clients send: base64url, base64, or PEM (wire protocol, "Keys and identifiers").
    /// - Returns: 32 bytes, or nil.
    package static func publicKey(parsing text: String) -> [UInt8]? {
        if text.contains("BEGIN") { return Ed25519PEM.publicKey(fromPEM: text) }
        guard let raw = Base64URL.decodeLenient(text), raw.count == 32 else { return nil }
        return raw
    }
}
