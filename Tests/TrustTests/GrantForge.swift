import Crypto
import JSON
import Trust
import Wire

/// Makes grants that `SpawnGrant.signed` would never write.
enum GrantForge {
    static let header = #"{"alg":"EdDSA","typ":"spawn-grant+jwt"}"#

    /// Signs any texts as header and claims.
    static func sign(header: String = header, claims: String, by signer: SigningIdentity) -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return input + "." + Base64URL.encode(signer.key.sign(Array(input.utf8)))
    }

    static func claims(of grant: SpawnGrant) -> JSONObject {
        JSONObject([
            ("iss", .string(grant.issuer)), ("sub", .string(grant.subject)), ("aud", .string(grant.audience)),
            ("iat", .integer(grant.issuedAt)), ("nbf", .integer(grant.notBefore)), ("exp", .integer(grant.expiresAt)),
            ("jti", .string(grant.spawnID)), ("sid", .string(grant.sessionKey)),
            ("scope", .string(grant.scopes.names.joined(separator: " "))), ("depth", .integer(Int64(grant.depth))),
            (
                "cnf",
                ["jwk": ["kty": "OKP", "crv": "Ed25519", "x": .string(Base64URL.encode(grant.publicKey))]]
            ),
        ])
    }

    /// Signs a grant's claims with some of them changed, or removed by nil.
    static func sign(_ grant: SpawnGrant, changing changes: [(String, JSON?)], by signer: SigningIdentity) -> String {
        var claims = claims(of: grant)
        for (name, value) in changes { claims[name] = value }
        return sign(claims: JSON.object(claims).description, by: signer)
    }

    /// A well-signed grant of exactly so many bytes, filled up with claims and header members that nobody knows.
    static func sign(_ grant: SpawnGrant, bytes: Int, by signer: SigningIdentity) -> String? {
        for headerFill in 0..<4 {
            let filledHeader =
                #"{"alg":"EdDSA","typ":"spawn-grant+jwt","x":""# + String(repeating: "h", count: headerFill) + "\"}"
            for claimsFill in max(0, bytes * 3 / 4 - 1200)..<(bytes * 3 / 4) {
                var claims = claims(of: grant)
                claims["fill"] = .string(String(repeating: "c", count: claimsFill))
                let length =
                    encodedLength(filledHeader.utf8.count) + encodedLength(JSON.object(claims).serialized().count) + 88
                guard length <= bytes else { break }
                if length == bytes {
                    return sign(header: filledHeader, claims: JSON.object(claims).description, by: signer)
                }
            }
        }
        return nil
    }

    private static func encodedLength(_ bytes: Int) -> Int { (bytes * 8 + 5) / 6 }
}
