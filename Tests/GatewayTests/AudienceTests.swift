import JSON
import Sessions
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Who hears events, wire protocol 5.5")
struct AudienceTests {
    @Test(
        "an event reaches exactly those who are entitled to it, and none that is addressed is for everybody",
        arguments: EventName.allCases)
    func entitlement(_ name: EventName) throws {
        let gateway = try TestGateway(policy: { $0.enforcePairing = false })
        let scopes = ["operator.admin", "operator.write", "operator.read", "operator.approvals", "operator.pairing"]
        var operators: [(scope: String, id: ConnectionID)] = []
        for scope in scopes { operators.append((scope, gateway.connect(.owner(scopes: [scope])))) }
        let nobody = gateway.connect(.owner(scopes: []))
        var peer = Peer.remote(try Peer.key(1), scopes: ["operator.admin"])
        peer.role = .node
        let node = gateway.connect(peer)
        let (_, worker) = try gateway.running(operators[0].id)

        let audience = gateway.core.publish(OutboundEvent(name, .object(JSONObject()))).connections
        let expected: [ConnectionID]
        switch name {
        case .tick, .shutdown, .health, .heartbeat: expected = operators.map(\.id) + [nobody, node]
        case .presence, .agent, .chat, .cron, .configChanged, .diagnosticsBroadcast:
            expected = operators.prefix(3).map(\.id)
        case .execApprovalRequested, .execApprovalResolved: expected = [operators[0].id, operators[3].id]
        case .devicePairRequested, .devicePairResolved: expected = [operators[0].id, operators[4].id]
        default: expected = []
        }
        #expect(audience.sorted() == expected.sorted())
        #expect(!audience.contains(worker))
    }

    @Test("of what concerns a session, a derived device hears if it is its own or one below")
    func lineage() throws {
        let gateway = try TestGateway(limits: { $0.maxSpawnDepth = 3 })
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        // A second connection of the child's device: not the worker, but an agent's client.
        let agent = gateway.connect(.worker(try #require(child.order)))
        #expect(worker != agent)
        let below = try gateway.spawn(agent)
        func hears(_ key: String?) -> [ConnectionID] {
            guard case .publish(let event) = gateway.core.event(.chat, .object(JSONObject()), about: key) else {
                return []
            }
            return gateway.core.publish(event).connections
        }
        #expect(hears(child.sessionKey).sorted() == [owner, agent].sorted())
        #expect(hears(below.sessionKey).sorted() == [owner, agent].sorted())
        #expect(hears(TestGateway.mainKey) == [owner])
        #expect(hears(nil).sorted() == [owner, agent].sorted())
    }

    @Test("only a delta of chat may be lost")
    func droppability() throws {
        let gateway = try TestGateway()
        for (isDroppable, expected) in [(nil, false), (true, true), (false, false)] as [(Bool?, Bool)] {
            guard case .publish(let event) = gateway.core.event(.chat, .null, isDroppable: isDroppable) else {
                Issue.record("not published")
                continue
            }
            #expect(event.isDroppable == expected)
        }
    }
}
