internal import Crypto
internal import Files
internal import JSON
package import Trust

/// The gateway's root key: made once, never imported, never replaced behind the owner's back.
package enum RootIdentity {
    package enum Failure: Error, Equatable, Sendable {
        case unreadable(path: String, why: String)
    }

    /// Creates the file when there is none. One that exists but cannot be read stops the start: a fresh key would
    /// silently end every derived identity.
    package static func loadOrCreate(_ path: String, nowMs: Int64) throws(Failure) -> SigningIdentity {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.read(path, maxBytes: 64 * 1024)
        } catch {
            guard error.isMissing else { throw .unreadable(path: path, why: error.description) }
            return try create(path, nowMs: nowMs)
        }
        guard let json = try? JSONParser.parse(bytes), let seed = json["seed"]?.string.flatMap(Base64URL.decode),
            let identity = try? SigningIdentity(seed: seed), json["deviceId"]?.string == identity.deviceID
        else {
            throw .unreadable(
                path: path, why: "it is no gateway identity; restore it from a backup, or move it away to begin anew")
        }
        return identity
    }

    private static func create(_ path: String, nowMs: Int64) throws(Failure) -> SigningIdentity {
        do {
            let identity = try SigningIdentity(seed: SecureRandom.bytes(32))
            let json: JSON = .object(
                JSONObject([
                    ("version", 1), ("deviceId", .string(identity.deviceID)),
                    ("publicKey", .string(Base64URL.encode(identity.key.publicKey))),
                    ("seed", .string(Base64URL.encode(identity.key.seed))), ("createdAtMs", .integer(nowMs)),
                ]))
            try Files.writeAtomically(path, Array((json.prettyPrinted() + "\n").utf8))
            return identity
        } catch {
            throw .unreadable(path: path, why: "\(error)")
        }
    }
}

extension RootIdentity.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let why): "cannot use the gateway's identity \(path): \(why)"
        }
    }
}
