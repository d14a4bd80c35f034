import Gateway
import JSON
import Sessions
import Testing
import Trust
import Wire

@Suite("Authorisation, wire protocol 5.4")
struct AuthorisationTests {
    static let requirements: [(Wire.Method, OperatorScope?)] = [
        (.health, nil), (.status, .read), (.systemPresence, .read), (.gatewayIdentityGet, .read),
        (.diagnosticsEcho, .read), (.diagnosticsBroadcast, .admin), (.agentsList, .read), (.sessionsList, .read),
        (.agentWait, .write),
        (.systemEvent, .admin), (.setHeartbeats, .admin), (.execApprovalsGet, .admin), (.lastHeartbeat, .read),
        (.logsTail, .read), (.channelsStatus, .read), (.nodeList, .read), (.nodeDescribe, .read),
        (.skillsStatus, .read),
        (.usageStatus, .read), (.usageCost, .read), (.modelsList, .read), (.toolsCatalog, .read),
        (.commandsList, .read),
        (.voicewakeGet, .read), (.ttsStatus, .read), (.agentIdentityGet, .read),
        (.sessionsSubscribe, .read), (.sessionsUnsubscribe, .read), (.sessionsMessagesSubscribe, .read),
        (.sessionsMessagesUnsubscribe, .read),
        (.sessionsSpawn, .write), (.sessionsSpawnTool, .write), (.sessionsAbort, .write), (.devicePairList, .pairing),
        (.devicePairApprove, .pairing), (.devicePairReject, .pairing), (.devicePairRemove, .pairing),
        (.deviceTokenRotate, .pairing), (.deviceTokenRevoke, .pairing), (.deviceEnrollCreate, .pairing),
        (.deviceEnrollList, .pairing), (.deviceEnrollRevoke, .pairing), (.authLockouts, .admin), (.authUnlock, .admin),
        (.admissionExplain, .admin), (.sessionsSpawnExplain, .admin),
        (.cronList, .read), (.cronStatus, .read), (.cronGet, .read), (.cronRuns, .read), (.cronAdd, .admin),
        (.cronUpdate, .admin), (.cronRemove, .admin), (.cronRun, .admin), (.wake, .write),
        (.agent, .write), (.toolsInvoke, .write),
        (.chatSend, .write), (.chatAbort, .write), (.chatHistory, .read), (.chatMessageGet, .read),
        (.chatInject, .admin),
        (.sessionsGet, .read), (.sessionsPreview, .read), (.sessionsResolve, .read), (.sessionsDescribe, .read),
        (.sessionsUsage, .read), (.sessionsCreate, .write), (.sessionsSend, .write), (.sessionsPatch, .write),
        (.sessionsReset, .admin), (.sessionsDelete, .admin), (.sessionsCompact, .admin),
        (.execApprovalList, .approvals), (.execApprovalResolve, .approvals),
        (.configGet, .read), (.configSchema, .read), (.configSchemaLookup, .read), (.configSet, .admin),
        (.configPatch, .admin), (.configApply, .admin),
        (.workersList, .read), (.workersDrain, .admin),
    ]

    /// What a single held scope opens.
    static func opens(_ held: OperatorScope, _ needed: OperatorScope) -> Bool {
        switch held {
        case .admin: true
        case .write: needed == .write || needed == .read || needed == .talk
        default: held == needed
        }
    }

    @Test("each method asks for its scope, with admin ⊇ write ⊇ read", arguments: OperatorScope.allCases)
    func scopes(_ held: OperatorScope) throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner(scopes: [held.rawValue]))
        for (method, needed) in Self.requirements {
            let answer = try #require(gateway.call(id, method))
            let isRefused = answer["error"]?["code"] == "FORBIDDEN"
            guard let needed else {
                #expect(!isRefused)
                continue
            }
            #expect(isRefused == !Self.opens(held, needed), "\(method) with \(held)")
            guard isRefused else { continue }
            #expect(answer["error"]?["message"] == .string("missing scope: \(needed.rawValue)"))
            #expect(answer["error"]?["details"]?["code"] == "MISSING_SCOPE")
            #expect(answer["error"]?["details"]?["requiredScopes"] == [.string(needed.rawValue)])
        }
    }

    @Test("every method that clients may call is in the table above, or for workers only")
    func complete() {
        let listed = Set(Self.requirements.map(\.0))
        for method in Wire.Method.allCases where method != .connect {
            #expect(
                listed.contains(method) || method.requirement == .ownRun || method.requirement == .poolWorker)
        }
    }

    @Test("without a scope only health is answered; connect is never a second time")
    func noScopes() throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner(scopes: []))
        #expect(gateway.call(id, .health)?["ok"] == true)
        #expect(gateway.call(id, .status)?["error"]?["message"] == "missing scope: operator.read")
        #expect(gateway.call(id, .connect)?["error"]?["message"] == "connect is only valid as the first request")
    }

    @Test("a node may call no operator method and sees no scoped event")
    func node() throws {
        let gateway = try TestGateway(policy: { $0.enforcePairing = false })
        var peer = Peer.remote(try Peer.key(1), scopes: ["operator.admin"])
        peer.role = .node
        let node = gateway.connect(peer)
        #expect(gateway.call(node, .status)?["error"]?["message"] == "unauthorized role: node")
        #expect(gateway.call(node, .health)?["ok"] == true)
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let (_, _) = try gateway.running(owner)
        for event in gateway.takeSteps().events(.agent) { #expect(!event.to.contains(node)) }
        gateway.advance(ms: 30_000)
        #expect(gateway.takeSteps().events(.tick).first?.to.contains(node) == true)
    }

    @Test("events reach those who hold their scope")
    func audiences() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let reader = gateway.connect(.owner(scopes: ["operator.read"]))
        let pairer = gateway.connect(.owner(scopes: ["operator.pairing"]))
        let nobody = gateway.connect(.owner(scopes: []))
        _ = gateway.takeSteps()
        _ = try gateway.running(owner)
        let agent = try #require(gateway.takeSteps().events(.agent).first)
        #expect(Set(agent.to) == [owner, reader])
        gateway.connect(.remote(try Peer.key(1)))
        let pairing = try #require(gateway.takeSteps().events(.devicePairRequested).first)
        #expect(Set(pairing.to) == [owner, pairer])
        gateway.advance(ms: 30_000)
        let tick = try #require(gateway.takeSteps().events(.tick).first)
        #expect(Set(tick.to) == [owner, reader, pairer, nobody])
    }

    @Test("params of the wrong shape are refused in the validator's words", arguments: requirements.map(\.0))
    func badParams(_ method: Wire.Method) throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner())
        let answer = gateway.call(id, method, [1])
        #expect(answer?["error"]?["code"] == "INVALID_REQUEST")
        #expect(answer?["error"]?["message"] == .string("invalid \(method.rawValue) params: must be object"))
    }

    @Test("tokens are in launch orders and in a device's own hello, and nowhere else")
    func secrecy() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        var peer = Peer.owner()
        peer.identity = try Peer.key(1)
        let owner = gateway.connect(peer)
        let (child, worker) = try gateway.running(owner)
        let queued = try gateway.spawn(owner)
        gateway.connect(.remote(try Peer.key(2)))
        for method in [Wire.Method.status, .systemPresence, .sessionsList, .devicePairList, .health, .agentsList] {
            #expect(gateway.call(owner, method)?["ok"] == true)
        }
        gateway.complete(worker, child.runID)
        gateway.call(owner, .sessionsAbort, ["runId": .string(queued.runID)])
        gateway.advance(ms: 60_000)
        gateway.perform(gateway.core.shutDown(reason: "test", nowMs: gateway.nowMs))
        let secrets = gateway.source.tokens + [Peer.sharedToken]
        var seen = 0
        for step in gateway.takeSteps() {
            switch step {
            case .launch: seen += 1
            case .open(let id, let admitted, let hello):
                let text = String(decoding: hello.serialized(), as: UTF8.self)
                for secret in secrets where text.contains(secret) {
                    #expect(id == owner && admitted.deviceID == peer.identity?.deviceID)
                }
            default:
                let text = "\(step)"
                for secret in secrets { #expect(!text.contains(secret), "\(step.name)") }
            }
        }
        #expect(seen == 2)
    }
}
