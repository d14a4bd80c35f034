internal import Crypto
internal import JSON
internal import Trust
internal import Wire

/// What the event `worker.run` says: a run, and the grant that its pool worker is to sign.
struct PoolOrder: Equatable, Sendable {
    /// Of the grants that we sign; the gateway prolongs what it knows.
    private static let grantSeconds: Int64 = 23 * 3600
    /// A clock that is ahead of the gateway's must not make a grant that is not valid yet.
    private static let backdatedSeconds: Int64 = 600

    let runID: String
    let sessionKey: String
    let attempt: Int
    let runToken: String
    let spawnID: String
    /// The session that the grant names.
    let grantSessionKey: String
    let scopes: [String]
    let depth: Int
    /// Its commands are another user's.
    let isOtherUsers: Bool

    init?(_ json: JSON) {
        guard let runID = json["runId"]?.string, let sessionKey = json["sessionKey"]?.string,
            let runToken = json["runToken"]?.string, let grant = json["grant"], let spawnID = grant["jti"]?.string,
            Self.isName(spawnID), let grantSessionKey = grant["sid"]?.string, let scope = grant["scope"]?.string,
            let depth = grant["depth"]?.integer, let attempt = json["attempt"]?.integer
        else { return nil }
        self.runID = runID
        self.sessionKey = sessionKey
        self.attempt = Int(clamping: attempt)
        self.runToken = runToken
        self.spawnID = spawnID
        self.grantSessionKey = grantSessionKey
        scopes = scope.split(separator: " ").map(String.init)
        self.depth = Int(clamping: depth)
        isOtherUsers = json["otherUser"]?.bool ?? false
    }

    /// A directory is called like it.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
    }

    /// Derives the child's key and signs for it, without a word to the gateway.
    func child(of parent: SigningIdentity, gatewayID: String, nowSeconds: Int64) throws -> (
        identity: SigningIdentity, grant: String
    ) {
        let child = try parent.child(sessionKey: grantSessionKey, spawnID: spawnID)
        let grant = SpawnGrant(
            issuer: parent.deviceID, subject: child.deviceID, audience: gatewayID,
            issuedAt: nowSeconds - Self.backdatedSeconds, notBefore: nowSeconds - Self.backdatedSeconds,
            expiresAt: nowSeconds + Self.grantSeconds, spawnID: spawnID, sessionKey: grantSessionKey,
            scopes: ScopeSet(scopes), depth: depth, publicKey: child.key.publicKey)
        return (child, grant.signed(by: parent))
    }
}
