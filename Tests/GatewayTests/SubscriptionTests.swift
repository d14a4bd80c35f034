import JSON
import Sessions
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Subscriptions to sessions, wire protocol 6.4")
struct SubscriptionTests {
    private static let names: [EventName] = [.sessionsChanged, .sessionMessage, .sessionOperation, .sessionTool]

    private func audience(_ gateway: TestGateway, _ name: EventName, _ key: String) -> [ConnectionID] {
        guard case .publish(let event) = gateway.core.event(name, .object(JSONObject()), about: key) else { return [] }
        return gateway.core.publish(event).connections
    }

    @Test("the answers are as documented, with the canonical key")
    func answers() throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner())
        #expect(gateway.call(id, .sessionsSubscribe)?["payload"] == ["subscribed": true])
        #expect(gateway.call(id, .sessionsUnsubscribe)?["payload"] == ["subscribed": false])
        let keys: [(JSON, String)] = [
            (["key": "main"], "agent:main:main"), (["key": "agent:main:main"], "agent:main:main"),
            (["key": "Notes"], "agent:main:notes"), (["key": "main", "agentId": "helper"], "agent:helper:main"),
        ]
        for (params, key) in keys {
            for (method, isOn) in [
                (Wire.Method.sessionsMessagesSubscribe, true), (.sessionsMessagesUnsubscribe, false),
            ] {
                let payload = gateway.call(id, method, params)?["payload"]
                #expect(payload?["subscribed"] == .bool(isOn))
                #expect(payload?["key"] == .string(key))
            }
        }
        #expect(gateway.call(id, .sessionsMessagesSubscribe)?["error"]?["code"] == "INVALID_REQUEST")
    }

    @Test("who subscribed hears what it subscribed to, once, until it unsubscribes or is gone")
    func delivery() throws {
        let gateway = try TestGateway()
        let (all, one, both, none) = (
            gateway.connect(.owner()), gateway.connect(.owner()), gateway.connect(.owner()), gateway.connect(.owner())
        )
        for id in [all, both] { gateway.call(id, .sessionsSubscribe) }
        for id in [one, both] { gateway.call(id, .sessionsMessagesSubscribe, ["key": "main"]) }
        _ = none
        #expect(audience(gateway, .sessionsChanged, TestGateway.mainKey) == [all, both])
        #expect(audience(gateway, .sessionMessage, TestGateway.mainKey) == [all, one, both])
        #expect(audience(gateway, .sessionOperation, TestGateway.mainKey) == [one, both])
        #expect(audience(gateway, .sessionTool, TestGateway.mainKey) == [one, both])
        #expect(audience(gateway, .sessionMessage, "agent:main:other") == [all, both])
        gateway.call(both, .sessionsUnsubscribe)
        gateway.call(one, .sessionsMessagesUnsubscribe, ["key": "main"])
        #expect(audience(gateway, .sessionsChanged, TestGateway.mainKey) == [all])
        #expect(audience(gateway, .sessionMessage, TestGateway.mainKey) == [all, both])
        gateway.disconnect(both)
        #expect(audience(gateway, .sessionMessage, TestGateway.mainKey) == [all])
    }

    @Test("a subscription shows nobody what it may not see", arguments: names)
    func entitlement(_ name: EventName) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let agent = gateway.connect(.worker(try #require(child.order)))
        for id in [owner, worker, agent] {
            gateway.call(id, .sessionsSubscribe)
            gateway.call(id, .sessionsMessagesSubscribe, ["key": .string(child.sessionKey)])
        }
        let refusal = gateway.call(agent, .sessionsMessagesSubscribe, ["key": "main"])
        #expect(refusal?["error"]?["details"]?["code"] == "SESSION_NOT_VISIBLE")
        gateway.call(owner, .sessionsMessagesSubscribe, ["key": "main"])
        #expect(audience(gateway, name, child.sessionKey) == [owner, agent].sorted())
        #expect(audience(gateway, name, TestGateway.mainKey) == [owner])
        let pairer = gateway.connect(.owner(scopes: ["operator.pairing"]))
        #expect(gateway.call(pairer, .sessionsSubscribe)?["error"]?["code"] == "FORBIDDEN")
    }

    @Test("a connection may subscribe to so many sessions, and to the same one again")
    func bound() throws {
        let gateway = try TestGateway()
        let id = gateway.connect(.owner())
        for number in 0..<Subscriptions.maxKeys {
            let answer = gateway.call(id, .sessionsMessagesSubscribe, ["key": .string("agent:main:s\(number)")])
            #expect(answer?["ok"] == true)
        }
        let refusal = gateway.call(id, .sessionsMessagesSubscribe, ["key": "agent:main:more"])
        #expect(refusal?["error"]?["details"]?["code"] == "TOO_MANY_SUBSCRIPTIONS")
        #expect(gateway.call(id, .sessionsMessagesSubscribe, ["key": "agent:main:s0"])?["ok"] == true)
        gateway.call(id, .sessionsMessagesUnsubscribe, ["key": "agent:main:s0"])
        #expect(gateway.call(id, .sessionsMessagesSubscribe, ["key": "agent:main:more"])?["ok"] == true)
        let other = gateway.connect(.owner())
        #expect(gateway.call(other, .sessionsMessagesSubscribe, ["key": "agent:main:more"])?["ok"] == true)
    }
}
