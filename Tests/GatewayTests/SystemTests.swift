import JSON
import Sessions
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Presence, health, heartbeats and the log, wire protocol 6.3")
struct SystemTests {
    private func presence(_ gateway: TestGateway, _ id: ConnectionID) -> [JSON] {
        gateway.call(id, .systemPresence)?["payload"]?.array ?? []
    }

    @Test("who reports presence is in the list, the event and the counter, once, for five minutes")
    func systemEvent() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let before = gateway.core.stateVersion
        for text in ["Node: idle", "Node: active"] {
            _ = gateway.takeSteps()
            let params: JSON = ["text": .string(text), "instanceId": "mac-1", "host": "mac", "lastInputSeconds": 3]
            #expect(gateway.call(owner, .systemEvent, params)?["payload"] == ["ok": true])
            let event = try #require(gateway.takeSteps().events(.presence).first)
            let rows = event.payload["presence"]?.array?.filter { $0["instanceId"] == "mac-1" } ?? []
            #expect(rows.count == 1 && rows[0]["text"] == .string(text) && rows[0]["lastInputSeconds"] == 3)
            gateway.nowMs += GatewayCore.presenceIntervalMs
        }
        #expect(gateway.core.stateVersion.presence == before.presence + 2)
        #expect(gateway.core.stateVersion.health == before.health)
        gateway.nowMs += PresenceBook.lifeMs - GatewayCore.presenceIntervalMs - 1
        #expect(presence(gateway, owner).contains { $0["instanceId"] == "mac-1" })
        gateway.nowMs += 1
        #expect(!presence(gateway, owner).contains { $0["instanceId"] == "mac-1" })
        #expect(gateway.call(owner, .systemEvent)?["error"]?["code"] == "INVALID_REQUEST")
    }

    @Test("so many may report, and the oldest makes room")
    func bound() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        for number in 0..<300 {
            gateway.nowMs += 1
            gateway.call(owner, .systemEvent, ["text": "here", "instanceId": .string("i\(number)")])
        }
        let rows = presence(gateway, owner)
        #expect(rows.count == PresenceBook.maxRows)
        #expect(rows.contains { $0["instanceId"] == "i299" } && !rows.contains { $0["instanceId"] == "i0" })
    }

    @Test("health is announced when it has changed, with its counter, and is in the next hello")
    func health() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.advance(ms: 60_000)
        #expect(gateway.takeSteps().events(.health).isEmpty)
        let before = gateway.core.stateVersion
        _ = try gateway.spawn(owner)
        gateway.advance(ms: 60_000)
        let event = try #require(gateway.takeSteps().events(.health).first)
        #expect(event.payload["ok"] == true && event.payload["ts"] == .integer(gateway.nowMs))
        #expect(gateway.core.stateVersion.health == before.health + 1)
        gateway.advance(ms: 60_000)
        #expect(gateway.takeSteps().events(.health).isEmpty)
        gateway.connect(.owner())
        guard case .open(_, _, let hello)? = gateway.takeSteps().first(where: { $0.name == "open" }) else { return }
        #expect(hello["payload"]?["snapshot"]?["health"]?["ok"] == true)
        #expect(hello["payload"]?["snapshot"]?["stateVersion"] == gateway.core.stateVersion.json)
    }

    @Test("there are no heartbeats, and none can be switched on")
    func heartbeats() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let last = try #require(gateway.call(owner, .lastHeartbeat))
        #expect(last["ok"] == true && last["payload"] == .null)
        for wanted in [true, false] {
            let answer = gateway.call(owner, .setHeartbeats, ["enabled": .bool(wanted)])
            #expect(answer?["payload"] == ["ok": true, "enabled": false])
        }
        #expect(gateway.call(owner, .setHeartbeats)?["ok"] == false)
    }

    @Test("the log is read on from where the last answer ended")
    func log() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.recentLog = RecentLog(capacity: 100)
        func tail(_ params: JSON = .object(JSONObject())) -> JSON {
            gateway.call(owner, .logsTail, params)?["payload"] ?? .null
        }
        #expect(tail()["lines"] == [] && tail()["cursor"] == 0 && tail()["file"]?.string?.isEmpty == false)
        for number in 0..<5 { gateway.recentLog.append("line \(number)\n") }
        #expect(tail()["lines"]?.array?.count == 5 && tail()["truncated"] == nil)
        let cursor = try #require(tail()["cursor"])
        #expect(cursor == 35)
        #expect(tail(["cursor": cursor])["lines"] == [])
        gateway.recentLog.append("line 5\n")
        #expect(tail(["cursor": cursor])["lines"] == ["line 5"])
        let short = tail(["limit": 2])
        #expect(short["lines"] == ["line 4", "line 5"] && short["truncated"] == true)
        let few = tail(["maxBytes": 10])
        #expect(few["lines"] == ["line 5"] && few["truncated"] == true)
        for number in 6..<50 { gateway.recentLog.append("line \(number)\n") }
        let gone = tail(["cursor": cursor])
        #expect(gone["reset"] == true && gone["lines"]?.array?.last == "line 49")
        #expect(gone["lines"]?.array?.allSatisfy { $0.string?.hasPrefix("line ") == true } == true)
        #expect(tail(["cursor": 1_000_000])["reset"] == true, "a cursor of another life")
        #expect(gateway.call(owner, .logsTail, ["limit": 0])?["ok"] == false)
    }

    @Test("the log tells of everybody, so it is not for the device of a run")
    func logOfRuns() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let child = try gateway.spawn(owner)
        let agent = gateway.connect(.worker(try #require(child.order)))
        #expect(gateway.call(agent, .logsTail)?["error"]?["details"]?["code"] == "LOG_NOT_VISIBLE")
    }

    @Test("what there is none of is answered with nothing, in its documented shape")
    func nothing() throws {
        let gateway = try TestGateway(policy: { $0.enforcePairing = false })
        let owner = gateway.connect(.owner())
        func answer(_ method: Wire.Method, _ params: JSON? = nil) -> JSON? {
            gateway.call(owner, method, params)?["payload"]
        }
        #expect(answer(.channelsStatus)?["channelOrder"] == [])
        #expect(answer(.modelsList) == ["models": []] && answer(.commandsList) == ["commands": []])
        #expect(answer(.skillsStatus)?["skills"] == [] && answer(.usageStatus)?["providers"] == [])
        #expect(answer(.usageCost)?["totals"]?["totalCost"] == 0 && answer(.usageCost)?["daily"] == [])
        #expect(answer(.voicewakeGet)?["triggers"] == [] && answer(.ttsStatus)?["enabled"] == false)
        #expect(answer(.execApprovalsGet)?["exists"] == false)
        #expect(answer(.toolsCatalog)?["groups"]?.array?.isEmpty == false)
        #expect(answer(.agentIdentityGet, ["sessionKey": "agent:helper:main"])?["agentId"] == "helper")
        #expect(gateway.call(owner, .agentIdentityGet, ["agentId": "nobody"])?["ok"] == false)
        #expect(answer(.nodeList)?["nodes"] == [])
        var peer = Peer.remote(try Peer.key(1), scopes: [])
        peer.role = .node
        gateway.connect(peer)
        let node = try #require(answer(.nodeList)?["nodes"]?.array?.first)
        #expect(node["connected"] == true && node["platform"] == "linux")
        #expect(answer(.nodeDescribe, ["nodeId": node["nodeId"] ?? .null])?["nodeId"] == node["nodeId"])
        #expect(gateway.call(owner, .nodeDescribe, ["nodeId": "x"])?["error"]?["message"] == "unknown nodeId")
    }
}
