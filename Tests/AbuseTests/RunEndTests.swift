import Gateway
import JSON
import Sessions
import Testing
import Trust
import Wire

@Suite struct RunEndTests {
    private static let scopes = ["operator.read", "operator.write"]

    private struct Family {
        var gateway: TestGateway
        let owner: ConnectionID
        let runID: String
        let sessionKey: String
        let identity: SigningIdentity
    }

    /// A gateway with an owner and a run that the owner has spawned.
    private static func family(cleanup: String = "keep") throws -> Family {
        var gateway = try TestGateway()
        let (owner, _) = gateway.connect(try TestGateway.key(1))
        let (runID, identity) = try spawn(&gateway, from: owner, cleanup: cleanup)
        return Family(
            gateway: gateway, owner: owner, runID: runID, sessionKey: "agent:main:subagent:\(runID)",
            identity: identity)
    }

    private static func spawn(
        _ gateway: inout TestGateway, from owner: ConnectionID, cleanup: String = "keep"
    ) throws -> (String, SigningIdentity) {
        let params = JSON.object(JSONObject([("task", "x"), ("cleanup", .string(cleanup))]))
        let answer = gateway.call(owner, .sessionsSpawn, params)
        let runID = try #require(answer.payload?["runId"]?.string)
        let main = try gateway.root.child(sessionKey: "agent:main:main", spawnID: "root.0")
        return (runID, try main.child(sessionKey: "agent:main:subagent:\(runID)", spawnID: runID))
    }

    private static func run(_ id: String, _ more: [(String, JSON)] = []) -> JSON {
        .object(JSONObject([("runId", .string(id))] + more))
    }

    @Test func connectionThatCompletedItsRunMayDoNothingElse() throws {
        var family = try Self.family()
        let (child, admission) = family.gateway.connect(family.identity, scopes: Self.scopes)
        #expect(admission.admitted?.scopes.covers(.write) == true)
        _ = family.gateway.call(child, .runAttach, Self.run(family.runID))
        let done = Self.run(family.runID, [("status", "ok"), ("text", "x")])
        #expect(family.gateway.call(child, .runComplete, done).isOK)

        let spawn = family.gateway.call(child, .sessionsSpawn, .object(JSONObject([("task", "after the end")])))
        #expect(spawn.error?["details"]?["code"]?.string == "RUN_ENDED")
        #expect(spawn.launches == 0)
        #expect(family.gateway.call(child, .sessionsList).error != nil)
        #expect(family.gateway.call(child, .runComplete, done).isOK)
    }

    @Test func requestsBehindARevocationAreNotAnswered() throws {
        var family = try Self.family()
        let stranger = try TestGateway.key(2)
        let (victim, _) = family.gateway.connect(stranger)
        let (child, _) = family.gateway.connect(family.identity, scopes: Self.scopes)
        let removal = JSON.object(JSONObject([("deviceId", .string(stranger.deviceID))]))
        #expect(family.gateway.call(family.owner, .devicePairRemove, removal).closed[victim]?.code == 4001)
        // The socket is not closed yet: this was on its way.
        #expect(family.gateway.call(victim, .sessionsList).responses.isEmpty)

        let ending = JSON.object(JSONObject([("key", .string(family.sessionKey))]))
        #expect(family.gateway.call(family.owner, .sessionsAbort, ending).closed[child]?.code == 4001)
        #expect(family.gateway.call(child, .sessionsSpawn, .object(JSONObject([("task", "x")]))).responses.isEmpty)
    }

    @Test func siblingsDoNotSeeEachOther() throws {
        var family = try Self.family()
        let (other, identity) = try Self.spawn(&family.gateway, from: family.owner)
        let (child, _) = family.gateway.connect(family.identity, scopes: Self.scopes)
        let (sibling, _) = family.gateway.connect(identity, scopes: Self.scopes)
        _ = family.gateway.call(sibling, .runAttach, Self.run(other))
        let secret = Self.run(other, [("status", "ok"), ("text", "secret")])
        #expect(family.gateway.call(sibling, .runComplete, secret).isOK)

        let wait = family.gateway.call(child, .agentWait, Self.run(other))
        #expect(wait.error?["details"]?["code"]?.string == "RUN_NOT_FOUND")
        #expect(family.gateway.call(family.owner, .agentWait, Self.run(other)).isOK)
        let listed = family.gateway.call(child, .sessionsList).payload?["sessions"]?.array?.map { $0["key"]?.string }
        #expect(listed == [family.sessionKey])
    }

    @Test func parentSeesTheResultOfAChildWhoseSessionIsGone() throws {
        var family = try Self.family(cleanup: "delete")
        let (child, _) = family.gateway.connect(family.identity, scopes: Self.scopes)
        _ = family.gateway.call(child, .runAttach, Self.run(family.runID))
        let spawned = family.gateway.call(
            child, .sessionsSpawn, .object(JSONObject([("task", "x"), ("cleanup", "delete")])))
        let grandchild = try #require(spawned.payload?["runId"]?.string)
        let key = JSON.object(JSONObject([("key", .string("agent:main:subagent:\(grandchild)"))]))
        #expect(family.gateway.call(child, .sessionsAbort, key).isOK)
        #expect(family.gateway.call(child, .agentWait, Self.run(grandchild)).isOK)
    }
}
