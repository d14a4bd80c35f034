internal import Crypto
internal import JSON
package import Wire

/// A statement by a parent session that a child is its own: a JWS in compact form (RFC 7515) signed with Ed25519
/// (RFC 8037), with the child's key as proof-of-possession key (RFC 7800).
package struct SpawnGrant: Equatable, Sendable {
    package var issuer: String
    package var subject: String
    package var audience: String
    /// Unix seconds.
    package var issuedAt: Int64
    package var notBefore: Int64
    package var expiresAt: Int64
    /// The spawn id (`jti`).
    package var spawnID: String
    /// The child's session key (`sid`).
    package var sessionKey: String
    package var scopes: ScopeSet
    package var depth: Int
    /// The child's raw public key, 32 bytes.
    package var publicKey: [UInt8]

    package static let type = "spawn-grant+jwt"
    package static let maxBytes = 4096
    package static let maxLifeSeconds: Int64 = 86_400
    package static let clockSkewSeconds: Int64 = 60
    /// Deeper claims are malformed whatever the configuration says.
    package static let maxClaimedDepth = 64

    package init(
        issuer: String, subject: String, audience: String, issuedAt: Int64, notBefore: Int64, expiresAt: Int64,
        spawnID: String, sessionKey: String, scopes: ScopeSet, depth: Int, publicKey: [UInt8]
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.issuedAt = issuedAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.spawnID = spawnID
        self.sessionKey = sessionKey
        self.scopes = scopes
        self.depth = depth
        self.publicKey = publicKey
    }

    /// The agent id in `agent:<id>:(subagent|acp):<jti>`.
    package var agentID: String {
        String(sessionKey.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)[1])
    }

    package func signed(by identity: SigningIdentity) -> String {
        let header = JSON.object(JSONObject([("alg", "EdDSA"), ("typ", .string(Self.type))]))
        let key = JSONObject([("kty", "OKP"), ("crv", "Ed25519"), ("x", .string(Base64URL.encode(publicKey)))])
        let claims = JSONObject([
            ("iss", .string(issuer)), ("sub", .string(subject)), ("aud", .string(audience)),
            ("iat", .integer(issuedAt)), ("nbf", .integer(notBefore)), ("exp", .integer(expiresAt)),
            ("jti", .string(spawnID)), ("sid", .string(sessionKey)),
            ("scope", .string(scopes.names.joined(separator: " "))), ("depth", .integer(Int64(depth))),
            ("cnf", .object(JSONObject([("jwk", .object(key))]))),
        ])
        let signingInput =
            Base64URL.encode(header.serialized()) + "." + Base64URL.encode(JSON.object(claims).serialized())
        return signingInput + "." + Base64URL.encode(identity.key.sign(Array(signingInput.utf8)))
    }
}

/// A grant whose form is right and whose claims are complete; nothing is known of its signature yet.
package struct ParsedGrant: Equatable, Sendable {
    package let grant: SpawnGrant
    package let signingInput: [UInt8]
    package let signature: [UInt8]

    /// Structure, alg, typ, claims and depth range, key: the checks that need no knowledge of anybody.
    package static func parse(_ text: String) throws(GrantFailure) -> ParsedGrant {
        guard text.utf8.count <= SpawnGrant.maxBytes else { throw GrantFailure(.malformed) }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let header = object(parts[0]), let claims = object(parts[1]),
            let signature = Base64URL.decode(String(parts[2])), signature.count == 64,
            header["crit"] == nil, let algorithm = header["alg"]?.string, let type = header["typ"]?.string
        else { throw GrantFailure(.malformed) }
        guard algorithm == "EdDSA" else { throw GrantFailure(.unsupportedAlgorithm) }
        guard type == SpawnGrant.type else { throw GrantFailure(.wrongType) }
        guard let grant = read(claims) else { throw GrantFailure(.malformed) }
        guard DeviceIdentity.id(ofPublicKey: grant.publicKey) == grant.subject else { throw GrantFailure(.keyMismatch) }
        return ParsedGrant(grant: grant, signingInput: Array((parts[0] + "." + parts[1]).utf8), signature: signature)
    }

    package func isSigned(by publicKey: [UInt8]) -> Bool {
        Ed25519.isValid(signature: signature, for: signingInput, publicKey: publicKey)
    }

    private static func object(_ part: Substring) -> JSONObject? {
        guard let bytes = Base64URL.decode(String(part)), let value = try? JSONParser.parse(bytes.span, maxDepth: 8),
            case .object(let members) = value
        else { return nil }
        return members
    }

    private static func read(_ claims: JSONObject) -> SpawnGrant? {
        guard let issuer = deviceID(claims["iss"]), let subject = deviceID(claims["sub"]),
            let audience = deviceID(claims["aud"]),
            let issuedAt = seconds(claims["iat"]), let notBefore = seconds(claims["nbf"]),
            let expiresAt = seconds(claims["exp"]), expiresAt > notBefore,
            expiresAt - min(issuedAt, notBefore) <= SpawnGrant.maxLifeSeconds,
            let spawnID = claims["jti"]?.string, isSpawnID(spawnID),
            let sessionKey = claims["sid"]?.string, isChildKey(sessionKey, spawnID: spawnID),
            let scope = claims["scope"]?.string,
            case .integer(let depth)? = claims["depth"], (1...Int64(SpawnGrant.maxClaimedDepth)).contains(depth),
            case .object(let confirmation)? = claims["cnf"], case .object(let key)? = confirmation["jwk"],
            key["kty"]?.string == "OKP", key["crv"]?.string == "Ed25519",
            let publicKey = key["x"]?.string.flatMap(Base64URL.decode), publicKey.count == 32
        else { return nil }
        let scopes = scope.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard !scopes.contains("") else { return nil }
        return SpawnGrant(
            issuer: issuer, subject: subject, audience: audience, issuedAt: issuedAt, notBefore: notBefore,
            expiresAt: expiresAt, spawnID: spawnID, sessionKey: sessionKey, scopes: ScopeSet(scopes),
            depth: Int(depth), publicKey: publicKey)
    }

    private static func deviceID(_ value: JSON?) -> String? {
        guard let text = value?.string, text.utf8.count == 64,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return text
    }

    private static func seconds(_ value: JSON?) -> Int64? {
        guard case .integer(let number)? = value, (0...(1 << 40)).contains(number) else { return nil }
        return number
    }

    private static func isSpawnID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
    }

    private static func isChildKey(_ key: String, spawnID: String) -> Bool {
        let parts = key.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "agent" && SessionKeySyntax.isAgentID(parts[1])
            && (parts[2] == "subagent" || parts[2] == "acp") && parts[3] == spawnID
    }
}

package struct GrantFailure: Error, Equatable, Sendable {
    package let verdict: GrantVerdict

    package init(_ verdict: GrantVerdict) {
        self.verdict = verdict
    }
}
