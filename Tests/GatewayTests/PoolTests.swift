import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Pools of workers on other hosts")
struct PoolTests {
    /// A gateway with one agent whose runs go to the pool, and one whose runs do not.
    private static func gateway(
        restoring snapshot: StoreSnapshot? = nil, _ adjust: TestGateway.Limits = { _ in }
    ) throws -> TestGateway {
        var limits = SpawnLimits()
        limits.allowAgents = ["*"]
        limits.workerLeaseMs = 365 * 86_400_000
        limits.workerGraceMs = 60_000
        adjust(&limits)
        let exec = AgentDefinition.Exec(command: ["/bin/echo", "{task}"], stdin: .none)
        let agents = [
            AgentDefinition(id: "main", exec: exec, limits: limits),
            AgentDefinition(id: "far", exec: exec, limits: limits, pool: "gpu"),
        ]
        return try TestGateway(
            settings: { $0.catalog = AgentCatalog(agents: agents, defaultAgentID: "main") }, restoring: snapshot)
    }

    /// Somebody who is enrolled for a pool.
    private struct Host {
        let identity: SigningIdentity
        var deviceToken: String?

        var peer: Peer {
            Peer(
                identity: identity,
                client: ClientInfo(id: "gateway-client", version: "1", platform: "linux", mode: "backend"),
                scopes: ["pool:gpu"], auth: .init(deviceToken: deviceToken),
                facts: TransportFacts(isDirectLocal: false, peer: "10.0.0.7", clientAddress: "10.0.0.7"))
        }

        /// What the host makes of an order, without a word to the gateway.
        func child(_ order: JSON, of gateway: TestGateway) throws -> Peer {
            let grant = try #require(order["grant"])
            let (spawnID, key) = (try #require(grant["jti"]?.string), try #require(grant["sid"]?.string))
            let child = try identity.child(sessionKey: key, spawnID: spawnID)
            let now = gateway.nowMs / 1000
            let signed = SpawnGrant(
                issuer: identity.deviceID, subject: child.deviceID, audience: gateway.root.deviceID, issuedAt: now,
                notBefore: now, expiresAt: now + 3600, spawnID: spawnID, sessionKey: key,
                scopes: ScopeSet((grant["scope"]?.string ?? "").split(separator: " ").map(String.init)),
                depth: Int(grant["depth"]?.integer ?? 0), publicKey: child.key.publicKey)
            return Peer(
                identity: child,
                client: ClientInfo(id: "gateway-client", version: "1", platform: "linux", mode: "backend"),
                scopes: ["operator.write"], auth: .init(token: order["runToken"]?.string),
                facts: TransportFacts(isDirectLocal: false, peer: "10.0.0.7", clientAddress: "10.0.0.7"),
                grants: [signed.signed(by: identity)])
        }
    }

    private func enrol(_ gateway: TestGateway, _ number: UInt8 = 7, pool: String = "gpu") throws -> Host {
        let owner = gateway.connect(.owner())
        let made = gateway.call(owner, .deviceEnrollCreate, ["scopes": [.string("pool:" + pool)]])
        var host = Host(identity: try Peer.key(number))
        var peer = host.peer
        peer.scopes = ["pool:" + pool]
        peer.auth = .init(bootstrapToken: made?["payload"]?["token"]?.string)
        _ = gateway.takeSteps()
        gateway.disconnect(gateway.connect(peer))
        for case .open(_, _, let hello) in gateway.takeSteps() {
            host.deviceToken = hello["payload"]?["auth"]?["deviceToken"]?.string
        }
        #expect(host.deviceToken != nil)
        return host
    }

    @discardableResult
    private func attach(
        _ gateway: TestGateway, _ host: Host, capacity: Int64 = 1, runs: [String] = []
    ) -> (id: ConnectionID, answer: JSON?) {
        let id = gateway.connect(host.peer)
        let answer = gateway.call(
            id, .workerAttach,
            [
                "pool": "gpu", "capacity": .integer(capacity), "name": "far host",
                "runs": .array(runs.map { .string($0) }),
            ])
        return (id, answer)
    }

    private func orders(_ gateway: TestGateway) -> [JSON] { gateway.takeSteps().events(.workerRun).map(\.payload) }

    private func spawn(_ gateway: TestGateway, _ owner: ConnectionID, agent: String = "far") throws
        -> TestGateway.Child
    {
        try gateway.spawn(owner, ["task": "work", "agentId": .string(agent)])
    }

    /// The worker of an order comes and attaches.
    private func begin(_ gateway: TestGateway, _ host: Host, _ order: JSON) throws -> ConnectionID {
        let id = gateway.connect(try host.child(order, of: gateway))
        let answer = gateway.call(id, .runAttach, ["runId": order["runId"] ?? .null, "attempt": order["attempt"] ?? 0])
        #expect(answer?["ok"] == true, "\(answer ?? .null)")
        return id
    }

    private func row(_ gateway: TestGateway, _ owner: ConnectionID, _ key: String) -> JSON? {
        gateway.call(owner, .sessionsList)?["payload"]?["sessions"]?.array?.first { $0["key"] == .string(key) }
    }

    @Test("who is not enrolled for the pool is no worker of it")
    func strangers() throws {
        let gateway = try Self.gateway()
        let attach: JSON = ["pool": "gpu", "capacity": 1]
        var paired = Peer.owner(scopes: ["operator.write"])
        paired.identity = try Peer.key(3)
        let writer = gateway.connect(paired)
        let refused = gateway.call(writer, .workerAttach, attach)
        #expect(refused?["error"]?["details"]?["code"] == "NOT_IN_POOL")
        #expect(refused?["error"]?["details"]?["remediationHint"]?.string?.contains("devices enroll --pool") == true)
        let other = try enrol(gateway, 8, pool: "cpu")
        var peer = other.peer
        peer.scopes = ["pool:cpu"]
        let member = gateway.connect(peer)
        #expect(gateway.call(member, .workerAttach, attach)?["error"]?["details"]?["code"] == "NOT_IN_POOL")
        // And it has no other rights.
        #expect(gateway.call(member, .sessionsList)?["error"] != nil)
        #expect(gateway.call(member, .workerHeartbeat, [:])?["error"]?["details"]?["code"] == "NOT_ATTACHED")
        gateway.connect(.remote(try Peer.key(4), scopes: ["pool:gpu"]))
        #expect(gateway.takeSteps().closes.contains { $0.1.reason.hasPrefix("pairing required") })
    }

    @Test("what ends with a run does not take its place first")
    func cascade() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        attach(gateway, host)
        let parent = try spawn(gateway, owner)
        let worker = try begin(gateway, host, try #require(orders(gateway).first))
        let child = try spawn(gateway, worker)
        #expect(orders(gateway).isEmpty, "there is one place only")
        let answer = gateway.call(
            worker, .runComplete,
            ["runId": .string(parent.runID), "status": "ok", "exitCode": 0, "text": "", "totalBytes": 0])
        #expect(answer?["ok"] == true)
        #expect(orders(gateway).isEmpty, "nobody is told to run what is over")
        #expect(gateway.store.runs[child.runID]?.status == .killed)
    }

    @Test("a run waits for a worker, whose host derives and signs for its key; its place is free afterwards")
    func placed() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        let first = try spawn(gateway, owner)
        let second = try spawn(gateway, owner)
        #expect(first.order == nil)
        #expect(row(gateway, owner, first.sessionKey)?["waitingFor"] == "pool gpu has no worker")
        let (worker, answer) = attach(gateway, host)
        #expect(answer?["payload"]?["workerId"] == .string(host.identity.deviceID))
        let order = try #require(orders(gateway).first)
        #expect(order["runId"] == .string(first.runID))
        #expect(
            row(gateway, owner, second.sessionKey)?["waitingFor"]
                == "all 1 places of pool gpu are taken (0 runs wait before it)")
        let child = try begin(gateway, host, order)
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: first.runID))
        #expect(entry.issuer == host.identity.deviceID)
        #expect(entry.principal == .device(host.identity.deviceID))
        #expect(entry.scopes == ScopeSet(.read, .write))
        #expect(gateway.store.grants.values.filter { $0.runId == first.runID }.map(\.childDeviceId) == [entry.deviceID])
        #expect(row(gateway, owner, first.sessionKey)?["workerId"] == .string(host.identity.deviceID))
        let explained = gateway.call(owner, .admissionExplain, ["id": .string(second.runID)])?["payload"]
        #expect(explained?["waitingFor"]?.string?.contains("taken") == true)
        #expect(explained?["candidates"]?[0]?["verdict"] == "full")
        gateway.complete(child, first.runID, text: "from afar")
        #expect(gateway.end(of: first.runID)?.text == "from afar")
        #expect(orders(gateway).map { $0["runId"] } == [.string(second.runID)])
        let list = gateway.call(owner, .workersList)?["payload"]
        #expect(list?["workers"]?[0]?["ended"] == 1)
        #expect(list?["pools"]?[0]?["running"] == 1)
        _ = worker
    }

    @Test("nobody presents a run that was not given to them")
    func notTheirs() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let (host, other) = (try enrol(gateway), try enrol(gateway, 9))
        attach(gateway, host)
        _ = try spawn(gateway, owner)
        let order = try #require(orders(gateway).first)
        var thief = try other.child(order, of: gateway)
        gateway.connect(thief)
        #expect(gateway.takeSteps().closes.first?.1 == .clientInvalidated("run-not-given"))
        // With the rights to spawn it is still no run of theirs.
        thief.auth = .init(token: Peer.sharedToken)
        gateway.connect(thief)
        #expect(gateway.takeSteps().closes.first?.1.code == 4001)
        #expect(try begin(gateway, host, order).serial > 0)
    }

    @Test("what had not begun goes to another worker when its own is lost, and the first one's child is refused")
    func requeued() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let (host, other) = (try enrol(gateway), try enrol(gateway, 9))
        let (first, _) = attach(gateway, host)
        let run = try spawn(gateway, owner)
        let order = try #require(orders(gateway).first)
        let late = try host.child(order, of: gateway)
        attach(gateway, other)
        _ = gateway.takeSteps()
        gateway.disconnect(first)
        let again = try #require(orders(gateway).first)
        #expect(again["runId"] == .string(run.runID))
        gateway.connect(late)
        #expect(gateway.takeSteps().closes.first?.1.code == 4001)
        let child = try begin(gateway, other, again)
        // The first comes back and is told that it has nothing to do with the run.
        let (_, answer) = attach(gateway, host, runs: [run.runID])
        #expect(answer?["payload"]?["stop"] == [.string(run.runID)])
        gateway.complete(child, run.runID)
        #expect(gateway.end(of: run.runID)?.status == .ok)
    }

    @Test("what had begun goes on without its pool worker, and is lost after its grace", arguments: [true, false])
    func workerLost(_ comesBack: Bool) throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        let (worker, _) = attach(gateway, host)
        let run = try spawn(gateway, owner)
        let order = try #require(orders(gateway).first)
        let child = try begin(gateway, host, order)
        gateway.disconnect(worker)
        gateway.advance(ms: 600_000)
        #expect(gateway.end(of: run.runID) == nil, "its own connection stands")
        gateway.disconnect(child)
        gateway.advance(ms: 59_999)
        #expect(gateway.end(of: run.runID) == nil)
        if comesBack {
            _ = try begin(gateway, host, order)
            gateway.advance(ms: 60_000)
            #expect(gateway.end(of: run.runID) == nil)
        } else {
            gateway.advance(ms: 1)
            #expect(gateway.end(of: run.runID)?.status == .lost)
            let list = gateway.call(owner, .workersList)?["payload"]
            #expect(list?["workers"]?[0]?["lost"] == 1)
        }
    }

    @Test("the end of a process is told by its pool worker", arguments: [true, false])
    func reported(_ hasBegun: Bool) throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        let (worker, _) = attach(gateway, host)
        let run = try spawn(gateway, owner)
        let order = try #require(orders(gateway).first)
        if hasBegun { _ = try begin(gateway, host, order) }
        func report(_ order: JSON) {
            gateway.call(
                worker, .workerReport,
                ["runId": .string(run.runID), "attempt": order["attempt"] ?? .null, "how": "signal 9"])
        }
        report(order)
        if hasBegun {
            #expect(gateway.end(of: run.runID)?.cause == "the worker ended without a result (signal 9)")
            return
        }
        let again = orders(gateway)
        #expect(again.map { $0["runId"] } == [.string(run.runID)], "it is launched once more")
        report(order)
        #expect(gateway.end(of: run.runID) == nil, "of the launch before it is no news")
        report(try #require(again.first))
        #expect(gateway.end(of: run.runID)?.status == .error)
    }

    @Test("a pool without anybody who takes runs is waited for as long as a launch may take")
    func emptyPool() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        let run = try spawn(gateway, owner)
        gateway.advance(ms: 200)
        gateway.advance(ms: 29_999)
        #expect(gateway.end(of: run.runID) == nil)
        gateway.advance(ms: 1)
        #expect(gateway.end(of: run.runID)?.status == .error)
        #expect(
            gateway.end(of: run.runID)?.cause == "no worker took the run within 30000 ms: pool gpu has no worker")
        // One that is full is waited for without an end.
        attach(gateway, host)
        let (first, second) = (try spawn(gateway, owner), try spawn(gateway, owner))
        _ = try begin(gateway, host, try #require(orders(gateway).first))
        for _ in 0..<60 {
            gateway.advance(ms: 25_000)
            for (id, connection) in gateway.core.poolConnections where id == host.identity.deviceID {
                gateway.call(connection, .workerHeartbeat, [:])
            }
        }
        #expect(gateway.end(of: first.runID) == nil)
        #expect(gateway.end(of: second.runID) == nil)
    }

    @Test("a silent pool worker is closed, and what it had not begun goes on")
    func silent() throws {
        let gateway = try Self.gateway { $0.spawnTimeoutMs = 600_000 }
        let owner = gateway.connect(.owner())
        let (host, other) = (try enrol(gateway), try enrol(gateway, 9))
        attach(gateway, host)
        _ = try spawn(gateway, owner)
        _ = gateway.takeSteps()
        gateway.nowMs += 20_000
        attach(gateway, other)
        gateway.advance(ms: 10_001)
        let steps = gateway.takeSteps()
        #expect(steps.closes.map(\.1) == [.workerSilent])
        #expect(steps.events(.workerRun).count == 1)
    }

    @Test("a worker that drains gets nothing more, by itself or by an operator", arguments: [true, false])
    func draining(_ byOperator: Bool) throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        let (worker, _) = attach(gateway, host)
        func drain(_ isDraining: Bool) -> JSON? {
            byOperator
                ? gateway.call(owner, .workersDrain, ["workerId": "far host", "draining": .bool(isDraining)])
                : gateway.call(worker, .workerDrain, ["draining": .bool(isDraining)])
        }
        #expect(drain(true)?["ok"] == true)
        #expect(gateway.takeSteps().events(.workerDrain).count == (byOperator ? 1 : 0))
        let run = try spawn(gateway, owner)
        #expect(orders(gateway).isEmpty)
        #expect(row(gateway, owner, run.sessionKey)?["waitingFor"] == "all 1 workers of pool gpu are draining")
        #expect(drain(false)?["ok"] == true)
        #expect(orders(gateway).count == 1)
    }

    @Test("after a restart of the gateway, what had begun is found where it is, and what had not waits again")
    func restart() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        attach(gateway, host, capacity: 2)
        let (begun, waiting) = (try spawn(gateway, owner), try spawn(gateway, owner))
        let given = orders(gateway)
        _ = try begin(gateway, host, given[0])
        let next = try Self.gateway(restoring: gateway.store.snapshot)
        next.nowMs = gateway.nowMs
        #expect(next.core.pools.worker(of: begun.runID)?.id == host.identity.deviceID)
        // The child that had not come yet is not to come any more.
        let late = next.connect(try host.child(given[1], of: next))
        #expect(next.takeSteps().closes.contains { $0.0 == late })
        let child = try begin(next, host, given[0])
        _ = next.takeSteps()
        let (_, answer) = attach(next, host, capacity: 2, runs: [begun.runID, waiting.runID])
        #expect(answer?["payload"]?["stop"] == [.string(waiting.runID)])
        #expect(orders(next).map { $0["runId"] } == [.string(waiting.runID)])
        next.complete(child, begun.runID)
        #expect(next.end(of: begun.runID)?.status == .ok)
    }

    @Test("what was there before a restart and is not there any more is lost at once")
    func lostOverARestart() throws {
        let gateway = try Self.gateway()
        let host = try enrol(gateway)
        attach(gateway, host)
        let run = try spawn(gateway, gateway.connect(.owner()))
        _ = try begin(gateway, host, try #require(orders(gateway).first))
        let next = try Self.gateway(restoring: gateway.store.snapshot)
        attach(next, host, runs: [])
        #expect(next.end(of: run.runID)?.status == .lost)
    }

    @Test("what a run elsewhere spawns here descends from us, and ends with it")
    func nested() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        attach(gateway, host, capacity: 2)
        let far = try spawn(gateway, owner)
        let parent = try begin(gateway, host, try #require(orders(gateway).first))
        let here = try spawn(gateway, parent, agent: "main")
        let order = try #require(here.order)
        #expect(order.usesSharedToken == false)
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: here.runID))
        #expect(entry.issuer == gateway.root.deviceID)
        #expect(entry.asker == gateway.core.trust.lineage.entry(forRun: far.runID)?.deviceID)
        let worker = gateway.connect(.worker(order))
        #expect(gateway.call(worker, .runAttach, ["runId": .string(here.runID)])?["ok"] == true)
        let there = try spawn(gateway, worker)
        let below = try begin(gateway, host, try #require(orders(gateway).first))
        #expect(gateway.core.trust.lineage.entry(forRun: there.runID)?.asker == entry.deviceID)
        #expect(gateway.core.table.sessions[there.sessionKey]?.depth == 3)
        // The host's removal reaches all of it.
        let removed = gateway.call(owner, .devicePairRemove, ["deviceId": .string(host.identity.deviceID)])
        #expect(removed?["ok"] == true)
        for run in [far, here, there] { #expect(gateway.end(of: run.runID)?.status == .killed) }
        #expect(gateway.takeSteps().closes.contains { $0.0 == below && $0.1.code == 4001 })
    }

    @Test("a turn of a session whose agent is elsewhere: its own key, the session's place")
    func turn() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        attach(gateway, host)
        _ = gateway.takeSteps()
        let sent = gateway.call(
            owner, .chatSend, ["sessionKey": "agent:far:main", "message": "hello", "idempotencyKey": "one/../turn"])
        #expect(sent?["payload"]?["status"] == "started")
        let order = try #require(orders(gateway).first)
        #expect(order["grant"]?["jti"]?.string?.hasPrefix("turn-") == true)
        let child = try begin(gateway, host, order)
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: "one/../turn"))
        #expect(entry.isTurn && entry.sessionKey == "agent:far:main")
        #expect(gateway.core.trust.lineage.entry(forSession: "agent:far:main")?.deviceID != entry.deviceID)
        gateway.complete(child, "one/../turn")
        #expect(gateway.end(of: "one/../turn")?.status == .ok)
    }

    @Test("a run that is ended is ended where it is")
    func killed() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let host = try enrol(gateway)
        let (worker, _) = attach(gateway, host)
        let run = try spawn(gateway, owner)
        _ = try begin(gateway, host, try #require(orders(gateway).first))
        gateway.call(owner, .sessionsAbort, ["key": .string(run.sessionKey)])
        let steps = gateway.takeSteps()
        #expect(steps.events(.workerStop).map(\.to) == [[worker]])
        #expect(steps.stops.isEmpty)
        #expect(gateway.end(of: run.runID)?.status == .killed)
    }
}
