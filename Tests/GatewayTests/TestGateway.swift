import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

/// The core with a shell that performs its effects on paper: commits succeed at once, fail, or wait to be released.
final class TestGateway {
    enum CommitMode { case atOnce, held, failing }

    var core: GatewayCore

    func presence(atMs nowMs: Int64) throws -> [JSON] {
        try #require(try JSONParser.parse(core.presence(nowMs: nowMs)).array)
    }

    var nowMs: Int64 = 1_786_000_000_000
    var commitMode = CommitMode.atOnce
    private(set) var steps: [Step] = []
    private(set) var store = StoreMirror()
    private(set) var open: Set<ConnectionID> = []
    let root: SigningIdentity
    let source = IdentifierSource()
    private var heldCommits: [HeldCommit] = []
    private struct HeldCommit {
        let operations: [StoreOperation]
        let then: [Effect]
        let failure: CommitFailure
        let otherwise: [Effect]

        var effect: Effect { .commit(operations, then: then, failure: failure, otherwise: otherwise) }
    }

    /// Told of each event that is published, and of each connection that is opened.
    var onPublish: (OutboundEvent, Recipients) -> Void = { _, _ in }
    var onOpen: (ConnectionID, Opened) -> Void = { _, _ in }
    var recentLog = RecentLog()
    private var nextSerial: UInt64 = 0
    private var nextRequest = 0
    /// Closed while the present batch of effects is performed, or being refused.
    private var leaving: Set<ConnectionID> = []
    /// All that the core has closed.
    private var dropped: Set<ConnectionID> = []

    /// What the shell knows of time zones.
    var zones: (String) -> Result<TimeZoneRules, ZoneFailure> = { name in
        name == "Etc/UTC" ? .success(.utc) : .failure(ZoneFailure(message: "there is no \(name)", remedy: "tzdata"))
    }

    static let mainKey = "agent:main:main"
    typealias Limits = (inout SpawnLimits) -> Void

    init(
        limits: Limits = { _ in }, policy adjustPolicy: (inout AdmissionPolicy) -> Void = { _ in },
        conversation adjustConversation: (inout ConversationSettings) -> Void = { _ in },
        settings adjustSettings: (inout CoreSettings) -> Void = { _ in }, restoring snapshot: StoreSnapshot? = nil
    ) throws {
        root = try SigningIdentity(seed: [UInt8](repeating: 0xAA, count: 32))
        var policy = AdmissionPolicy(authMode: .token, secretDigest: SHA256.digest(Array(Peer.sharedToken.utf8)))
        adjustPolicy(&policy)
        var settings = CoreSettings(
            root: root, policy: policy, catalog: Self.catalog(limits), serverVersion: "1.0", hostName: "castle",
            stateDirectory: "/state", configPath: "/state/openclaw.json", startedAtMs: nowMs)
        adjustConversation(&settings.conversation)
        adjustSettings(&settings)
        core = GatewayCore(settings: settings, ids: source.identifiers)
        perform(core.restore(snapshot ?? StoreSnapshot(), nowMs: nowMs))
        steps = []
    }

    /// Starts the gateway anew on what its store holds.
    func restarted(afterMs: Int64 = 0, limits: Limits = { _ in }) throws -> TestGateway {
        let next = try TestGateway(limits: limits)
        next.nowMs = nowMs + afterMs
        next.core = GatewayCore(settings: next.core.settings, ids: next.source.identifiers)
        // Ids of another life must not come again.
        for _ in 0..<1000 { _ = next.source.uuid() }
        next.store = store
        next.perform(next.core.restore(store.snapshot, nowMs: next.nowMs))
        return next
    }

    static func catalog(_ adjust: Limits) -> AgentCatalog {
        var limits = SpawnLimits()
        limits.allowAgents = ["worker"]
        // Workers here say only what is asked of them.
        limits.workerLeaseMs = 365 * 86_400_000
        limits.workerGraceMs = 60_000
        adjust(&limits)
        let exec = AgentDefinition.Exec(command: ["/bin/echo", "{task}"], stdin: .none)
        return AgentCatalog(
            agents: ["main", "worker", "helper"].map { AgentDefinition(id: $0, exec: exec, limits: limits) },
            defaultAgentID: "main", fallbackLimits: limits)
    }

    // MARK: - Performing

    func perform(_ effects: [Effect]) {
        performAll(effects)
        for id in leaving.sorted(by: { $0.serial < $1.serial }) {
            open.remove(id)
            performAll(core.connectionClosed(id, nowMs: nowMs))
        }
        leaving = []
    }

    private func performAll(_ effects: [Effect]) {
        for effect in effects {
            if case .commit(let operations, let then, let failure, let otherwise) = effect {
                commit(HeldCommit(operations: operations, then: then, failure: failure, otherwise: otherwise))
            } else {
                note(effect)
            }
        }
    }

    private func commit(_ commit: HeldCommit) {
        switch commitMode {
        case .atOnce:
            store.apply(commit.operations)
            steps.append(.commit(commit.operations))
            let isTold = commit.failure.isTold(commit.operations)
            let consequences = isTold ? core.committed(commit.failure, commit.operations, nowMs: nowMs) : []
            performAll(consequences + commit.then)
        case .held:
            heldCommits.append(commit)
        case .failing:
            steps.append(.commitFailed)
            performAll(core.commitFailed(commit.failure, commit.operations, why: "disk full", nowMs: nowMs))
            performAll(commit.failure == .background ? commit.then : commit.otherwise)
        }
    }

    /// Lets the commits that wait succeed, or fail, in their order.
    func release(_ mode: CommitMode = .atOnce) {
        let waiting = heldCommits
        heldCommits = []
        for commit in waiting {
            commitMode = mode
            perform([commit.effect])
        }
        commitMode = .atOnce
    }

    /// The first of the commits that wait fails, the others succeed.
    func releaseFailingFirst() { release { $0 == 0 ? .failing : .atOnce } }

    /// Each of the commits that wait has its own fate.
    func release(_ fate: (Int) -> CommitMode) {
        let waiting = heldCommits
        heldCommits = []
        for (index, commit) in waiting.enumerated() {
            commitMode = fate(index)
            perform([commit.effect])
        }
        commitMode = .atOnce
    }

    private func note(_ effect: Effect) {
        switch effect {
        case .respond(let id, let frame):
            // It may have been closed while the answer waited for its commit.
            guard !dropped.contains(id) else { break }
            expectKnown(id)
            expectNoSecret(frame)
            steps.append(.respond(id, parsed(frame)))
        case .event(let event, let addressees): note(event, to: addressees)
        case .publish(let event):
            publish(event)
        case .open(let opening):
            guard let opened = core.open(opening, nowMs: nowMs) else { return }
            expectKnown(opening.connection)
            if let lost = opened.superseded { note(.close(lost, .superseded)) }
            onOpen(opening.connection, opened)
            steps.append(.open(opening.connection, opened.admitted, parsed(opened.hello)))
            for event in opened.missed { note(event, to: [opening.connection]) }
        case .launch(let order): steps.append(.launch(order))
        case .launchLocally(let order):
            expectNoSecret(order.work.serialized())
            steps.append(.launchLocally(order))
        case .beginLocal(let runID, let attempt): steps.append(.beginLocal(runID, attempt: attempt))
        case .closeKept(let key): steps.append(.closeKept(key))
        case .stopWorker(let runID): steps.append(.stopWorker(runID))
        case .close(let id, let close):
            guard open.contains(id) || !dropped.contains(id) else { break }
            expectKnown(id)
            leaving.insert(id)
            dropped.insert(id)
            steps.append(.close(id, close))
        case .log(let line):
            expectNoSecret(Array(line.message.utf8))
            steps.append(.log(line))
        case .read(let query, let reading):
            performAll(core.wasRead(reading, .success(store.answer(query)), nowMs: nowMs))
        case .tailLog(let query, let request):
            steps.append(
                .respond(request.connection, parsed(Frames.response(id: request.id, payload: recentLog.tail(query)))))
        case .readZone(let name, let request):
            performAll(core.zoneWasRead(name, zones(name), for: request, nowMs: nowMs))
        case .configure(let asked, let request):
            steps.append(.configure(asked, request.connection))
            let answer = Frames.response(id: request.id, payload: .object(JSONObject()))
            steps.append(.respond(request.connection, parsed(answer)))
        case .commit, .reconcile, .findWorkers, .purgeStreamLogs: break
        }
    }

    func publish(_ event: OutboundEvent) {
        let recipients = core.publish(event)
        onPublish(event, recipients)
        note(event, to: recipients.connections)
    }

    private func note(_ event: OutboundEvent, to audience: [ConnectionID]) {
        // Of what only subscribers hear nobody need know.
        if event.name.isTargeted, audience.isEmpty { return }
        for id in audience { expectKnown(id) }
        if event.name == .workerRun {
            #expect(audience.count == 1, "an order holds a token")
            var whole = event.frame
            Frames.finishEvent(seq: nil, into: &whole)
            steps.append(.event(event.name, parsed(whole)["payload"] ?? .null, audience))
            return
        }
        #expect(Set(audience).count == audience.count, "an event reaches each connection once")
        expectNoSecret(event.frame)
        var whole = event.frame
        Frames.finishEvent(seq: nil, into: &whole)
        steps.append(.event(event.name, parsed(whole)["payload"] ?? .null, audience))
    }

    private func expectKnown(_ id: ConnectionID) {
        if !open.contains(id) { Issue.record("an effect for a connection that nobody has: \(id)") }
    }

    /// The only place for a token is a launch order, a device's own in its hello, and the answer to whoever made it.
    private func expectNoSecret(_ bytes: [UInt8]) {
        if let payload = (try? JSONParser.parse(bytes))?["payload"], payload["token"] != nil,
            payload["rotatedAtMs"] != nil || payload["usesLeft"] != nil
        {
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.contains("secret-"), "a token left the gateway: \(text)")
    }

    private func parsed(_ frame: [UInt8]) -> JSON {
        do {
            return try JSONParser.parse(frame)
        } catch {
            Issue.record("not a frame: \(String(decoding: frame, as: UTF8.self))")
            return .null
        }
    }

    /// Everything since the last call.
    func takeSteps() -> [Step] {
        defer { steps = [] }
        return steps
    }

    // MARK: - Events

    @discardableResult
    func connect(_ peer: Peer, resume: ConnectParams.Resume? = nil, reactor: Int = 0) -> ConnectionID {
        nextSerial += 1
        let id = ConnectionID(reactor: reactor, serial: nextSerial)
        open.insert(id)
        let proof: ProofOutcome =
            peer.identity.map { .proven(ProvenDevice(id: $0.deviceID, publicKey: $0.key.publicKey)) } ?? .absent
        let params = ConnectParams(
            minProtocol: 3, maxProtocol: 4, client: peer.client, role: peer.role, scopes: peer.scopes, auth: peer.auth,
            device: peer.identity.map {
                .init(id: $0.deviceID, publicKey: "", signature: "", signedAt: nowMs, nonce: "n", grants: peer.grants)
            }, resume: resume)
        let grants = PresentedGrant.verify(peer.grants) { core.issuerKey($0, nowMs: nowMs) }
        let request = AdmissionRequest(
            params: params, facts: peer.facts, proof: proof, grants: grants, freshRequestID: source.uuid(),
            freshToken: source.token())
        perform(core.admit(id, request, requestID: Array("\"connect\"".utf8), connID: source.uuid(), nowMs: nowMs))
        return id
    }

    /// - Returns: the response, if it came at once.
    @discardableResult
    func call(_ id: ConnectionID, _ method: Wire.Method, _ params: JSON? = nil) -> JSON? {
        nextRequest += 1
        let requestID = "r\(nextRequest)"
        let before = steps.count
        perform(
            core.handle(
                GatewayRequest(connection: id, id: Array("\"\(requestID)\"".utf8), method: method, params: params),
                nowMs: nowMs))
        return response(to: requestID, since: before)
    }

    var lastRequestID: String { "r\(nextRequest)" }

    func response(to requestID: String, since start: Int = 0) -> JSON? {
        for case .respond(_, let frame) in steps[min(start, steps.count)...]
        where frame["id"] == .string(requestID) {
            return frame
        }
        return nil
    }

    func disconnect(_ id: ConnectionID) {
        guard open.remove(id) != nil else { return }
        perform(core.connectionClosed(id, nowMs: nowMs))
    }

    /// Time passes; the core is asked once at its end.
    func advance(ms: Int64) {
        nowMs += ms
        perform(core.timeAdvanced(to: nowMs))
    }

    /// A request by HTTP, up to its admission.
    func http(
        _ bearer: String?,
        facts: TransportFacts = TransportFacts(isDirectLocal: false, peer: "10.0.0.9", clientAddress: "10.0.0.9")
    ) -> (id: ConnectionID, admission: HTTPAdmission) {
        nextSerial += 1
        let id = ConnectionID(reactor: 0, serial: nextSerial)
        open.insert(id)
        let (admission, effects) = core.admitHTTP(
            id, bearer: bearer, connID: source.uuid(), facts: facts, nowMs: nowMs)
        perform(effects)
        return (id, admission)
    }

    // MARK: - Shortcuts

    /// A turn whose worker has come and attached.
    func beginTurn(_ id: ConnectionID, _ runID: String, key: JSON = "agent:main:main") throws -> ConnectionID {
        let before = steps.count
        let answer = call(id, .chatSend, ["sessionKey": key, "message": "hello", "idempotencyKey": .string(runID)])
        #expect(answer?["payload"]?["status"] == "started", "\(answer ?? .null)")
        let order = try #require(Array(steps[before...]).launches.last { $0.runID == runID })
        let worker = connect(.worker(order))
        #expect(call(worker, .runAttach, ["runId": .string(runID)])?["ok"] == true)
        return worker
    }

    /// The result of a tool.
    func tool(_ id: ConnectionID, _ name: JSON, _ arguments: JSON = [:]) -> JSON? {
        call(id, .toolsInvoke, ["tool": name, "args": arguments])?["payload"]?["result"]
    }

    struct Child {
        let runID: String
        let sessionKey: String
        let order: LaunchOrder?
    }

    func spawn(_ id: ConnectionID, _ params: JSON = ["task": "work"]) throws -> Child {
        let before = steps.count
        let response = try #require(call(id, .sessionsSpawn, params))
        #expect(response["payload"]?["status"] == "accepted", "\(response)")
        let runID = try #require(response["payload"]?["runId"]?.string)
        let key = try #require(response["payload"]?["childSessionKey"]?.string)
        return Child(
            runID: runID, sessionKey: key, order: Array(steps[before...]).launches.first { $0.runID == runID })
    }

    /// Spawns and lets the worker come back and attach.
    func running(_ id: ConnectionID, _ params: JSON = ["task": "work"]) throws -> (child: Child, worker: ConnectionID) {
        let child = try spawn(id, params)
        let order = try #require(child.order)
        let worker = connect(.worker(order))
        #expect(call(worker, .runAttach, ["runId": .string(child.runID)])?["ok"] == true)
        return (child, worker)
    }

    @discardableResult
    func complete(_ worker: ConnectionID, _ runID: String, status: String = "ok", text: String = "done") -> JSON? {
        call(worker, .runComplete, ["runId": .string(runID), "status": .string(status), "text": .string(text)])
    }

    /// With what of it only the store has.
    func end(of runID: String) -> RunEnd? {
        guard let run = core.table.runs[runID], let end = run.end else { return nil }
        return run.whole(end, store.results[runID])
    }
}
