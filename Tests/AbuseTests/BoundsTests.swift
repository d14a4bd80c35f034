import Gateway
import JSON
import Sessions
import Testing
import Trust
import Wire

@Suite struct BoundsTests {
    private static func connectParams(_ change: (inout JSONObject) -> Void) -> JSON {
        var client = JSONObject([("id", "test"), ("version", "1"), ("platform", "linux"), ("mode", "test")])
        var params = JSONObject([("minProtocol", 3), ("maxProtocol", 4)])
        change(&client)
        if let scopes = client["scopes"] {
            client["scopes"] = nil
            params["scopes"] = scopes
        }
        params["client"] = .object(client)
        return .object(params)
    }

    @Test func whatEverybodyIsShownIsShort() throws {
        for name in ["displayName", "version", "platform", "deviceFamily", "modelIdentifier", "instanceId"] {
            let long = Self.connectParams { $0[name] = .string(String(repeating: "n", count: 10_000)) }
            #expect(throws: ConnectParams.Failure.self) { try ConnectParams.parse(long) }
        }
        let names = (0..<7000).map { JSON.string("\($0)") }
        #expect(throws: ConnectParams.Failure.self) {
            try ConnectParams.parse(Self.connectParams { $0["scopes"] = .array(names) })
        }
        let usual = Self.connectParams { $0["scopes"] = .array([.string("operator.read")]) }
        #expect(try ConnectParams.parse(usual).scopes == ["operator.read"])
    }

    @Test func idsOfRequestsAreBounded() throws {
        let id = String(repeating: "i", count: RequestEnvelope.maxIDBytes)
        for (more, isFine) in [("", true), ("i", false)] {
            let frame = Array(#"{"type":"req","id":"\#(id + more)","method":"health"}"#.utf8)
            let envelope = try? RequestEnvelope.scan(frame.span)
            #expect((envelope != nil) == isFine)
        }
    }

    @Test func waitsOfOneConnectionAreBounded() throws {
        var gateway = try TestGateway()
        let (owner, _) = gateway.connect(try TestGateway.key(1))
        let spawned = gateway.call(owner, .sessionsSpawn, .object(JSONObject([("task", "x")])))
        let runID = try #require(spawned.payload?["runId"])
        let wait = JSON.object(JSONObject([("runId", runID)]))
        for _ in 0..<ClientConnection.maxWaits { #expect(gateway.call(owner, .agentWait, wait).responses.isEmpty) }
        let beyond = gateway.call(owner, .agentWait, wait)
        #expect(beyond.error?["details"]?["code"]?.string == "TOO_MANY_WAITS")
        let end = gateway.call(owner, .sessionsAbort, .object(JSONObject([("runId", runID)])))
        #expect(end.responses.count == ClientConnection.maxWaits + 1)
        let next = gateway.call(owner, .sessionsSpawn, .object(JSONObject([("task", "y")])))
        let second = JSON.object(JSONObject([("runId", try #require(next.payload?["runId"]))]))
        #expect(gateway.call(owner, .agentWait, second).error == nil)
    }
}
