internal import Crypto
internal import Trust
internal import Wire

/// Grants of any form are read or refused. An input is the grant itself; or, with a line feed in it, header and claims
/// in clear, which are encoded here, since mutations hardly get through base64.
enum SpawnGrantTarget {
    static func check(_ input: [UInt8]) {
        let lines = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        if lines.count == 2 {
            let signature = [UInt8](repeating: 7, count: 64)
            parse(([Array(lines[0]), Array(lines[1]), signature].map(Base64URL.encode)).joined(separator: "."))
        } else if let grant = text(input) {
            parse(grant)
        }
    }

    private static func parse(_ text: String) {
        guard let parsed = try? ParsedGrant.parse(text) else { return }
        let grant = parsed.grant
        require(text.utf8.count <= SpawnGrant.maxBytes, "a grant of \(text.utf8.count) bytes")
        require(parsed.signature.count == 64 && grant.publicKey.count == 32, "a key or a signature of another length")
        require(DeviceIdentity.id(ofPublicKey: grant.publicKey) == grant.subject, "a key of somebody else")
        require((1...SpawnGrant.maxClaimedDepth).contains(grant.depth), "depth \(grant.depth)")
        require(
            grant.expiresAt > grant.notBefore && grant.expiresAt - grant.issuedAt <= SpawnGrant.maxLifeSeconds,
            "a life from \(grant.issuedAt) to \(grant.expiresAt)")
        require(SessionKeySyntax.isAgentID(grant.agentID), "agent id \(grant.agentID)")
        let bytes = Array(text.utf8)
        require(bytes.starts(with: parsed.signingInput), "something else was signed")
    }
}
