import Crypto
import JSON
import Trust
import Wire

/// One gateway with its registries, its policy and its clock.
struct World {
    static let nowMs: Int64 = 1_800_000_000_000
    static let token = "the-shared-token"
    static let password = "the-shared-password"
    static let requestID = "6f1a2c0e-2b1d-4b0e-9f6e-0b1f7f0a4c11"
    static let freshToken = "fresh-device-token"

    let root: SigningIdentity
    /// The gateway's main session, where chains of the owner begin.
    let main: SigningIdentity
    var state: TrustState
    var policy = AdmissionPolicy(authMode: .token, secretDigest: World.digest(World.token))
    var nowMs = World.nowMs
    var freshRequestID = World.requestID

    init() throws {
        root = try SigningIdentity(seed: [UInt8](repeating: 200, count: 32))
        main = try root.child(sessionKey: "agent:main:main", spawnID: "root.0")
        state = TrustState(lineage: LineageRegistry(rootDeviceID: root.deviceID), pairing: PairingRegistry())
        state.lineage.insert(
            LineageEntry(
                deviceID: main.deviceID, publicKey: main.key.publicKey, issuer: root.deviceID, spawnID: "root.0",
                sessionKey: "agent:main:main", scopes: ScopeSet(.read, .write), depth: 0, principal: .sharedSecret,
                asker: nil, runID: nil, isRegistered: true, expiresAtMs: nil, runTokenDigest: nil))
    }

    static func digest(_ secret: String) -> [UInt8] { SHA256.digest(Array(secret.utf8)) }

    static func stranger(_ number: UInt8 = 1) throws -> SigningIdentity {
        try SigningIdentity(seed: [UInt8](repeating: number, count: 32))
    }

    mutating func use(_ mode: AdmissionPolicy.AuthMode) {
        policy.authMode = mode
        policy.secretDigest =
            switch mode {
            case .none, .trustedProxy: nil
            case .token: World.digest(World.token)
            case .password: World.digest(World.password)
            }
    }

    // MARK: Lineage

    static func sessionKey(_ spawnID: String) -> String { "agent:main:subagent:" + spawnID }

    /// Registers a child as the gateway does when it launches one.
    mutating func spawn(
        _ spawnID: String = "c1", below parent: SigningIdentity? = nil, depth: Int = 1,
        scopes: ScopeSet = ScopeSet(.read, .write), principal: Principal = .sharedSecret, asker: String? = nil,
        expiresAtMs: Int64? = nil, runToken: String? = nil, isRegistered: Bool = true
    ) throws -> SigningIdentity {
        let parent = parent ?? main
        let child = try parent.child(sessionKey: World.sessionKey(spawnID), spawnID: spawnID)
        state.lineage.insert(
            LineageEntry(
                deviceID: child.deviceID, publicKey: child.key.publicKey, issuer: parent.deviceID, spawnID: spawnID,
                sessionKey: World.sessionKey(spawnID), scopes: scopes, depth: depth, principal: principal, asker: asker,
                runID: spawnID, isRegistered: isRegistered, expiresAtMs: expiresAtMs ?? nowMs + 3_600_000,
                runTokenDigest: runToken.map(World.digest)))
        return child
    }

    // MARK: Pairing

    mutating func pair(
        _ device: SigningIdentity, scopes: ScopeSet = ScopeSet(.read, .write), role: Role = .operator,
        token: String? = "the-device-token", platform: String? = nil, deviceFamily: String? = nil
    ) {
        var tokens: [String: DeviceToken] = [:]
        if let token {
            tokens[role.rawValue] = DeviceToken(
                role: role.rawValue, digest: World.digest(token), scopes: scopes, createdAtMs: nowMs - 1000)
        }
        state.pairing.restore(
            PairedDevice(
                deviceID: device.deviceID, publicKey: device.key.publicKey, displayName: nil, platform: platform,
                deviceFamily: deviceFamily, clientID: "cli", clientMode: "cli", roles: [role.rawValue],
                approvedScopes: scopes, approvedVia: "owner", remoteIP: nil, createdAtMs: nowMs - 1000,
                approvedAtMs: nowMs - 1000, tokens: tokens))
    }

    // MARK: Deciding

    func decide(_ caller: Caller) -> Decision {
        let params = caller.params
        let proof: ProofOutcome
        switch (caller.proofFailure, caller.device) {
        case (let failure?, _): proof = .failed(failure)
        case (nil, let device?):
            proof = .proven(ProvenDevice(id: device.deviceID, publicKey: device.key.publicKey))
        case (nil, nil): proof = .absent
        }
        let grants = PresentedGrant.verify(caller.grants) { issuer in
            state.lineage[issuer]?.publicKey ?? state.pairing.devices[issuer]?.publicKey
        }
        let request = AdmissionRequest(
            params: params, facts: caller.facts, proof: proof, grants: grants, freshRequestID: freshRequestID,
            freshToken: World.freshToken)
        return Admission.decide(request, state: state, policy: policy, nowMs: nowMs)
    }
}

/// A client that connects.
struct Caller {
    var clientID = "cli"
    var mode = "cli"
    var platform = "linux"
    var deviceFamily: String?
    var role = Role.operator
    var scopes = ["operator.read", "operator.write"]
    var auth = ConnectParams.Credentials(token: World.token)
    var device: SigningIdentity?
    var proofFailure: ProofFailure?
    var facts = TransportFacts.local
    var grants: [String] = []
    var window: ClosedRange<Int64> = 3...4

    init(_ clientID: String = "cli", _ mode: String = "cli", device: SigningIdentity? = nil) {
        self.clientID = clientID
        self.mode = mode
        self.device = device
    }

    static func cli(_ device: SigningIdentity? = nil) -> Caller { Caller("cli", "cli", device: device) }
    static func backend(_ device: SigningIdentity? = nil) -> Caller {
        Caller("gateway-client", "backend", device: device)
    }
    static func tui(_ device: SigningIdentity? = nil) -> Caller { Caller("openclaw-tui", "ui", device: device) }
    static func app(_ device: SigningIdentity? = nil) -> Caller { Caller("openclaw-macos", "ui", device: device) }
    static func sdk(_ device: SigningIdentity? = nil) -> Caller { Caller("test", "test", device: device) }
    static func webchat(_ device: SigningIdentity? = nil) -> Caller { Caller("webchat-ui", "webchat", device: device) }
    static func controlUI(_ device: SigningIdentity? = nil) -> Caller {
        Caller("openclaw-control-ui", "webchat", device: device)
    }
    static func node(_ device: SigningIdentity? = nil) -> Caller {
        var caller = Caller("node-host", "node", device: device)
        caller.role = .node
        caller.scopes = []
        return caller
    }

    func with(_ change: (inout Caller) -> Void) -> Caller {
        var changed = self
        change(&changed)
        return changed
    }

    func with(token: String?) -> Caller { with { $0.auth = ConnectParams.Credentials(token: token) } }
    func with(deviceToken: String) -> Caller { with { $0.auth = ConnectParams.Credentials(deviceToken: deviceToken) } }
    func with(password: String) -> Caller { with { $0.auth = ConnectParams.Credentials(password: password) } }
    func with(scopes: [String]) -> Caller { with { $0.scopes = scopes } }
    func from(_ facts: TransportFacts) -> Caller { with { $0.facts = facts } }

    /// A browser's page from the gateway's own address.
    func ownPage() -> Caller {
        with { $0.facts.origin = "https://" + ($0.facts.host ?? "") }
    }

    var params: ConnectParams {
        ConnectParams(
            minProtocol: window.lowerBound, maxProtocol: window.upperBound,
            client: ClientInfo(
                id: clientID, version: "1", platform: platform, mode: mode, deviceFamily: deviceFamily),
            role: role, scopes: scopes, auth: auth,
            device: device.map {
                ConnectParams.DeviceProof(
                    id: $0.deviceID, publicKey: Base64URL.encode($0.key.publicKey), signature: "s",
                    signedAt: World.nowMs, nonce: "n", grants: grants)
            })
    }
}

extension TransportFacts {
    static let local = TransportFacts(
        isDirectLocal: true, peer: "127.0.0.1", clientAddress: "127.0.0.1", host: "127.0.0.1:18789")
    /// Another container, a host of the LAN.
    static let remote = TransportFacts(
        isDirectLocal: false, peer: "172.18.0.3", clientAddress: "172.18.0.3", host: "172.18.0.2:18789")
    /// Something on this host that forwards and that nobody named in `trustedProxies`.
    static let forwarded = TransportFacts(
        isDirectLocal: false, hasForwardingHeaders: true, peer: "127.0.0.1", clientAddress: "127.0.0.1",
        host: "127.0.0.1:18789")
    static let ownerSocket = TransportFacts(isDirectLocal: true, isOwnerSocket: true, isTLS: false, peer: "unix")
}
