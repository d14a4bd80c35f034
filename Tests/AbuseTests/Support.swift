import Crypto
import Foundation
import Gateway
import JSON
import Sessions
import Store
import Trust
import Wire

/// A core of its own with fixed time, ids in order, and commits that succeed at once unless a test says otherwise.
struct TestGateway {
    static let nowMs: Int64 = 1_800_000_000_000
    static let token = "the shared token"

    var core: GatewayCore
    let root: SigningIdentity
    private var nextConnection: UInt64 = 1

    init(_ change: (inout CoreSettings) -> Void = { _ in }) throws {
        root = try SigningIdentity(seed: [UInt8](repeating: 7, count: 32))
        var policy = AdmissionPolicy(authMode: .token, secretDigest: SHA256.digest(Array(Self.token.utf8)))
        policy.maxSpawnDepth = 5
        let agent = AgentDefinition(id: "main", exec: .init(command: ["/bin/cat"], stdin: .task))
        var settings = CoreSettings(
            root: root, policy: policy, catalog: AgentCatalog(agents: [agent], defaultAgentID: "main"),
            serverVersion: "test", hostName: "host", stateDirectory: "/nowhere", configPath: nil,
            startedAtMs: Self.nowMs)
        change(&settings)
        core = GatewayCore(
            settings: settings,
            ids: Identifiers(uuid: { UUID().uuidString.lowercased() }, token: { UUID().uuidString }))
    }

    static func key(_ number: UInt8) throws -> SigningIdentity {
        try SigningIdentity(seed: [UInt8](repeating: number, count: 32))
    }

    /// Admits a client and returns its connection with what the core answered.
    mutating func connect(
        _ device: SigningIdentity?, token: String? = TestGateway.token, scopes: [String] = ["operator.admin"],
        client: ClientInfo = ClientInfo(id: "cli", version: "1", platform: "linux", mode: "cli"), grants: [String] = [],
        facts: TransportFacts = TransportFacts(isDirectLocal: true, peer: "127.0.0.1"), commits: Bool = true
    ) -> (ConnectionID, Answer) {
        let id = ConnectionID(reactor: 0, serial: nextConnection)
        nextConnection += 1
        let params = ConnectParams(
            minProtocol: 3, maxProtocol: 4, client: client, scopes: scopes,
            auth: ConnectParams.Credentials(token: token))
        let presented = PresentedGrant.verify(grants) { core.issuerKey($0, nowMs: Self.nowMs) }
        let proof = device.map { ProofOutcome.proven(ProvenDevice(id: $0.deviceID, publicKey: $0.key.publicKey)) }
        let request = AdmissionRequest(
            params: params, facts: facts, proof: proof ?? .absent, grants: presented,
            freshRequestID: UUID().uuidString, freshToken: UUID().uuidString)
        let effects = core.admit(
            id, request, requestID: Array(#""c""#.utf8), connID: "conn-\(id.serial)", nowMs: Self.nowMs)
        return (id, answer(effects, commits: commits))
    }

    mutating func call(_ connection: ConnectionID, _ method: Wire.Method, _ params: JSON = .object(JSONObject()))
        -> Answer
    {
        let request = GatewayRequest(
            connection: connection, id: Array(#""r""#.utf8), method: method, params: params)
        return answer(core.handle(request, nowMs: Self.nowMs))
    }

    private mutating func answer(_ effects: [Effect], commits: Bool = true) -> Answer {
        var answer = Answer()
        for effect in effects {
            switch effect {
            case .respond(let id, let frame):
                if let json = try? JSONParser.parse(frame) { answer.responses.append((id, json)) }
            case .open(let opening):
                guard let opened = core.open(opening, nowMs: Self.nowMs) else { continue }
                answer.admitted = opened.admitted
                if let json = try? JSONParser.parse(opened.hello) {
                    answer.responses.append((opening.connection, json))
                }
            case .close(let id, let close): answer.closed[id] = close
            case .commit(let operations, let then, let failure, let otherwise):
                let next =
                    commits
                    ? core.committed(failure, operations, nowMs: Self.nowMs) + then
                    : core.commitFailed(failure, operations, why: "disk full", nowMs: Self.nowMs) + otherwise
                answer.add(self.answer(next))
            case .launch, .launchLocally: answer.launches += 1
            case .publish(let event): _ = core.publish(event)
            case .read(let query, let reading):
                switch query {
                case .results:
                    answer.add(self.answer(core.wasRead(reading, .success(.results([])), nowMs: Self.nowMs)))
                case .run: answer.add(self.answer(core.wasRead(reading, .success(.run(nil)), nowMs: Self.nowMs)))
                default: break
                }
            case .event, .readZone, .tailLog, .configure, .beginLocal, .closeKept, .stopWorker, .reconcile,
                .findWorkers, .purgeStreamLogs, .log:
                break
            }
        }
        return answer
    }
}

/// What became of the effects of one call.
struct Answer {
    var responses: [(ConnectionID, JSON)] = []
    var admitted: Admitted?
    var closed: [ConnectionID: GatewayClose] = [:]
    var launches = 0

    var payload: JSON? { responses.last?.1["payload"] }
    var error: JSON? { responses.last?.1["error"] }
    var isOK: Bool { responses.last?.1["ok"]?.bool ?? false }

    fileprivate mutating func add(_ other: Answer) {
        responses += other.responses
        admitted = other.admitted ?? admitted
        closed.merge(other.closed) { _, new in new }
        launches += other.launches
    }
}

/// A child of a parent outside, with the grant that it presents.
struct Child {
    let identity: SigningIdentity
    let grant: String
    let spawnID: String
    let sessionKey: String

    init(
        of parent: SigningIdentity, gateway: SigningIdentity, depth: Int = 1,
        scopes: [String] = ["operator.read", "operator.write"], spawnID: String = UUID().uuidString.lowercased()
    ) throws {
        self.spawnID = spawnID
        sessionKey = "agent:main:subagent:\(spawnID)"
        identity = try parent.child(sessionKey: sessionKey, spawnID: spawnID)
        let seconds = TestGateway.nowMs / 1000
        grant = SpawnGrant(
            issuer: parent.deviceID, subject: identity.deviceID, audience: gateway.deviceID, issuedAt: seconds,
            notBefore: seconds, expiresAt: seconds + 3600, spawnID: spawnID, sessionKey: sessionKey,
            scopes: ScopeSet(scopes), depth: depth, publicKey: identity.key.publicKey
        ).signed(by: parent)
    }
}
