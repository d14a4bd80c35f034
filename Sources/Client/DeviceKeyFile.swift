internal import Crypto
internal import Glibc
internal import JSON

/// `identity/device.json` (OpenClaw gateway protocol, "Files on disk").
package enum DeviceKeyFile {
    /// A real one has about 500 bytes.
    package static let maxBytes = 65_536

    /// Reads the identity at `path`, or makes one, with its directory, when there is no file.
    ///
    /// Fails closed: whatever is at `path` and cannot be used stays as it is. When several processes create the file
    /// at once, all get the identity of the first.
    package static func loadOrCreate(_ path: String) throws(DeviceKeyFileError) -> DeviceKey {
        if let key = try load(path) { return key }
        return try create(path, makeKey())
    }

    /// Writes an identity to where there is none, with its directory. One that appeared meanwhile is left alone.
    ///
    /// - Returns: what is there now.
    package static func create(_ path: String, _ key: DeviceKey) throws(DeviceKeyFileError) -> DeviceKey {
        try PrivateFile.create(path, containing: Array(document(for: key, createdAtMs: wallClockMs()).utf8))
        guard let stored = try load(path) else { throw .io(path: path, operation: "read", errno: ENOENT) }
        return stored
    }

    /// - Returns: `nil` when there is no file.
    package static func load(_ path: String) throws(DeviceKeyFileError) -> DeviceKey? {
        guard var bytes = try PrivateFile.read(path, maxBytes: maxBytes) else { return nil }
        defer { wipe(&bytes) }
        return try parse(bytes, path: path)
    }

    /// Reads both forms: PEM (`publicKeyPem`, `privateKeyPem`) and raw (`publicKey`, `privateKey` in either base64).
    ///
    /// The id is computed; a stored one that differs is what other clients would correct, and is not looked at.
    /// - Parameter path: For errors.
    package static func parse(_ bytes: [UInt8], path: String) throws(DeviceKeyFileError) -> DeviceKey {
        let document: JSON
        do throws(JSONError) {
            document = try JSONParser.parse(bytes)
        } catch {
            throw .unreadable(path: path, reason: error.description)
        }
        guard let (publicKey, foundSeed) = keys(in: document) else { throw .notAnIdentity(path: path) }
        var seed = foundSeed
        defer { wipe(&seed) }
        guard let key = try? DeviceKey(seed: seed), key.privateKey.publicKey == publicKey
        else { throw .selfCheckFailed(path: path) }
        let probe = Array("sallyport device key self-check".utf8)
        guard Ed25519.isValid(signature: key.privateKey.sign(probe), for: probe, publicKey: publicKey)
        else { throw .selfCheckFailed(path: path) }
        return key
    }

    /// The file's text, as stock clients write it.
    package static func document(for key: DeviceKey, createdAtMs: Int64) -> String {
        var seed = key.privateKey.seed
        defer { wipe(&seed) }
        let document: JSON = [
            "version": 1,
            "deviceId": .string(key.deviceId),
            "publicKeyPem": .string(Ed25519PEM.publicKeyPEM(key.privateKey.publicKey)),
            "privateKeyPem": .string(Ed25519PEM.privateKeyPEM(seed)),
            "createdAtMs": .integer(createdAtMs),
        ]
        return document.prettyPrinted() + "\n"
    }

    private static func keys(in document: JSON) -> (publicKey: [UInt8], seed: [UInt8])? {
        if let publicPEM = document["publicKeyPem"]?.string, let privatePEM = document["privateKeyPem"]?.string {
            guard let publicKey = Ed25519PEM.publicKey(fromPEM: publicPEM),
                let seed = Ed25519PEM.seed(fromPEM: privatePEM)
            else { return nil }
            return (publicKey, seed)
        }
        guard let publicText = document["publicKey"]?.string, let privateText = document["privateKey"]?.string,
            let publicKey = Base64URL.decodeLenient(publicText), publicKey.count == Ed25519.keyLength,
            let seed = Base64URL.decodeLenient(privateText), seed.count == Ed25519.keyLength
        else { return nil }
        return (publicKey, seed)
    }

    private static func makeKey() -> DeviceKey {
        var seed = SecureRandom.bytes(Ed25519.keyLength)
        defer { wipe(&seed) }
        do throws(CryptoError) {
            return try DeviceKey(seed: seed)
        } catch {
            preconditionFailure("A fresh 32-byte seed was refused as an Ed25519 key.")
        }
    }

    private static func wallClockMs() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
