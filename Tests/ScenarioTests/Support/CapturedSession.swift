import Client
import Crypto
import Files
import JSON
import Trust
import Wire

/// What a running sub-agent knows of itself: what it needs to launch a child elsewhere.
struct CapturedSession {
    let run: GatewayClient.Spawned
    let identity: SigningIdentity
    let runToken: String
    let gatewayID: String
    let grants: [String]
    let depth: Int

    /// An agent that copies its private files and its environment to the directory which is its task, and stays.
    static func agent(_ id: String = "main") -> GatewayConfiguration.Agent {
        .shell(
            id,
            #"cp "$OPENCLAW_STATE_DIR/identity/device.json" "$1/" && env -0 > "$1/env" && touch "$1/ready"; sleep 600"#)
    }

    /// Spawns such an agent and waits until it has spoken.
    static func spawn(_ owner: GatewayClient, agent: String? = nil) throws -> CapturedSession {
        let directory = try TemporaryDirectory()
        let run = try owner.spawn(directory.path, agent: agent)
        try eventually("the sub-agent has copied its files") { Files.exists(directory.path + "/ready") }
        let key = try DeviceKeyFile.parse(Files.read(directory.path + "/device.json"), path: "device.json")
        var environment: [String: String] = [:]
        for entry in contents(of: directory.path + "/env").split(separator: "\0") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            environment[String(parts[0])] = String(parts[1])
        }
        guard let token = environment["OPENCLAW_GATEWAY_TOKEN"], let gatewayID = environment["SALLYPORT_GATEWAY_ID"]
        else { throw Unexpected("the environment of the sub-agent is incomplete: \(environment.keys)") }
        return CapturedSession(
            run: run, identity: try SigningIdentity(seed: key.privateKey.seed), runToken: token, gatewayID: gatewayID,
            grants: (environment["SALLYPORT_SPAWN_GRANTS"] ?? "").split(separator: " ").map(String.init), depth: 1)
    }

    var device: DeviceKey {
        get throws { try DeviceKey(seed: identity.key.seed) }
    }

    /// A child that this session launches elsewhere: identity and grant, without a word to the gateway.
    func child(
        agent: String = "main", spawnID: String = SecureRandom.uuid(), nowSeconds: Int64,
        _ change: (inout SpawnGrant) -> Void = { _ in }
    ) throws -> PresentedChild {
        let sessionKey = "agent:\(agent):subagent:\(spawnID)"
        let child = try identity.child(sessionKey: sessionKey, spawnID: spawnID)
        var grant = SpawnGrant(
            issuer: identity.deviceID, subject: child.deviceID, audience: gatewayID, issuedAt: nowSeconds,
            notBefore: nowSeconds, expiresAt: nowSeconds + 3600, spawnID: spawnID, sessionKey: sessionKey,
            scopes: ScopeSet(.read, .write), depth: depth + 1, publicKey: child.key.publicKey)
        change(&grant)
        return PresentedChild(identity: child, grant: grant, text: grant.signed(by: identity))
    }
}

struct PresentedChild {
    let identity: SigningIdentity
    let grant: SpawnGrant
    let text: String

    /// How the child connects: with its grant, and with what else the caller adds.
    func options(_ base: ConnectOptions) throws -> ConnectOptions {
        var options = base
        options.device = try DeviceKey(seed: identity.key.seed)
        options.grants = [text]
        if options.scopes.isEmpty { options.scopes = ["operator.read", "operator.write"] }
        return options
    }
}
