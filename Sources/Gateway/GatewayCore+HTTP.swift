internal import Crypto
internal import Sessions
package import Trust
internal import Wire

/// Requests by HTTP (wire protocol, section 8): one credential, one request, one answer.
package enum HTTPAdmission: Equatable, Sendable {
    case admitted
    /// The credential is missing or wrong.
    case unauthorized(String)
    case rateLimited(retryAfterMs: Int64)
    /// A page of somebody else's asks with a visitor's browser.
    case originRefused
}

extension GatewayCore {
    /// Judges the bearer of a request. From here on until ``connectionClosed(_:nowMs:)`` the connection may ask like any
    /// other, and hears no events. A run token acts as its session; device tokens are no bearers.
    package mutating func admitHTTP(
        _ id: ConnectionID, bearer: String?, connID: String, facts: TransportFacts, nowMs: Int64
    ) -> (HTTPAdmission, [Effect]) {
        let (judged, admitted, effects) = judge(bearer: bearer, facts, nowMs: nowMs)
        guard let admitted else { return (judged, effects) }
        var connection = ClientConnection(
            id: id, connID: connID, admitted: admitted,
            client: ClientInfo(
                id: "http", version: settings.serverVersion, platform: "http", mode: "backend"),
            clientAddress: facts.clientAddress, connectedAtMs: nowMs)
        connection.isOneShot = true
        register(connection)
        return (.admitted, [])
    }

    /// Whether the gateway's figures may be read: by its owner, that is on the owner's socket, directly on this host, or
    /// with the shared secret. A page that a visitor's browser shows under a name of its own is not on this host.
    package mutating func admitReaderOfMetrics(
        bearer: String?, facts: TransportFacts, nowMs: Int64
    ) -> (HTTPAdmission, [Effect]) {
        if facts.isDirectLocal, facts.comesFromAllowedPage(settings.policy), Self.namesThisHost(facts.host) {
            return (.admitted, [])
        }
        let (judged, admitted, effects) = judge(bearer: bearer, facts, nowMs: nowMs)
        guard let admitted else { return (judged, effects) }
        // The devices of runs are nobody's owner.
        return (admitted.lineage == nil ? .admitted : .unauthorized("run tokens do not read figures"), effects)
    }

    /// An address, or `localhost`: no name that somebody else's DNS could have brought here.
    private static func namesThisHost(_ host: String?) -> Bool {
        guard var name = host?.lowercased() else { return true }
        if name.hasPrefix("[") { return true }
        if let colon = name.lastIndex(of: ":") { name = String(name[..<colon]) }
        return name == "localhost" || name.allSatisfy { $0.isNumber || $0 == "." }
    }

    private mutating func judge(
        bearer: String?, _ facts: TransportFacts, nowMs: Int64
    ) -> (HTTPAdmission, Admitted?, [Effect]) {
        guard facts.comesFromAllowedPage(settings.policy) else { return (.originRefused, nil, []) }
        let limited = trust.limiter.client(of: facts)
        if let limited, let until = trust.limiter.lockedUntilMs(limited, nowMs: nowMs) {
            trust.limiter.knocked(limited, nowMs: nowMs)
            return (.rateLimited(retryAfterMs: until - nowMs), nil, [])
        }
        let digest = bearer.map { SHA256.digest(Array($0.utf8)) }
        guard let admitted = admission(ofBearer: digest, facts, nowMs: nowMs) else {
            guard let digest else { return (.unauthorized("no credential was sent"), nil, []) }
            return (.unauthorized("the credential is wrong"), nil, noteGuess(digest, of: limited, nowMs: nowMs))
        }
        if admitted.dependsOnSharedSecret, let limited { trust.limiter.succeeded(limited) }
        return (.admitted, admitted, [])
    }

    private func admission(ofBearer digest: [UInt8]?, _ facts: TransportFacts, nowMs: Int64) -> Admitted? {
        let owner = ScopeSet(.admin, .read, .write, .approvals, .pairing)
        if facts.isOwnerSocket {
            return Admitted(
                role: .operator, scopes: owner, deviceID: nil, method: .ownerSocket, dependsOnSharedSecret: false,
                isDirectLocal: true)
        }
        // Whoever comes through a proxy has shown nothing, and here is no device to pair.
        if settings.policy.authMode == .none, facts.isDirectLocal {
            return Admitted(
                role: .operator, scopes: owner, deviceID: nil, method: .none, dependsOnSharedSecret: false,
                isDirectLocal: facts.isDirectLocal)
        }
        guard let digest else { return nil }
        if let secret = settings.policy.secretDigest, constantTimeEquals(secret, digest) {
            return Admitted(
                role: .operator, scopes: owner, deviceID: nil,
                method: settings.policy.authMode == .password ? .password : .token, dependsOnSharedSecret: true,
                isDirectLocal: facts.isDirectLocal)
        }
        guard let entry = trust.lineage.entry(forRunToken: digest), let runID = entry.runID, isUnended(run: runID),
            case .live = trust.lineage.liveness(of: entry.deviceID, nowMs: nowMs, isPaired: trust.isPaired)
        else { return nil }
        return Admitted(
            role: .operator, scopes: entry.scopes, deviceID: entry.deviceID, method: .runToken,
            dependsOnSharedSecret: false, lineage: entry, isDirectLocal: false)
    }

    private mutating func noteGuess(_ digest: [UInt8], of client: String?, nowMs: Int64) -> [Effect] {
        guard let client, let until = trust.limiter.failed(client, digests: [digest], nowMs: nowMs) else { return [] }
        return [
            .log(
                LogLine(
                    .warn, "auth",
                    "locked out client=\(client) for \((until - nowMs) / 1000) s: "
                        + "\(trust.limiter.settings.maxAttempts) different wrong credentials (gateway.auth.rateLimit); "
                        + "sallyport auth unlock ends it"))
        ]
    }
}
