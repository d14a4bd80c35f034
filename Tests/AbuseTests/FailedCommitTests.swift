import Gateway
import JSON
import Sessions
import Testing
import Trust
import Wire

@Suite struct FailedCommitTests {
    private static let far = TransportFacts(isDirectLocal: false, peer: "192.0.2.1")

    @Test func deviceThatNoDiskHasIsNotPaired() throws {
        var gateway = try TestGateway()
        let device = try TestGateway.key(1)
        let (_, refused) = gateway.connect(device, commits: false)
        #expect(refused.admitted == nil)
        #expect(refused.error?["code"]?.string == "UNAVAILABLE")
        let (_, remote) = gateway.connect(device, facts: Self.far)
        #expect(remote.error?["details"]?["code"]?.string == "PAIRING_REQUIRED")
        // And when the disk is back it is paired as if it had never come, with its token.
        let (_, again) = gateway.connect(device)
        #expect(again.payload?["auth"]?["deviceToken"]?.string != nil)
    }

    @Test func childThatNoDiskHasIsPresentedAgain() throws {
        var gateway = try TestGateway()
        let parent = try TestGateway.key(1)
        let (_, pairing) = gateway.connect(parent)
        let token = try #require(pairing.payload?["auth"]?["deviceToken"]?.string)
        let child = try Child(of: parent, gateway: gateway.root)
        let scopes = ["operator.read"]
        let (_, refused) = gateway.connect(
            child.identity, token: token, scopes: scopes, grants: [child.grant], facts: Self.far, commits: false)
        #expect(refused.admitted == nil)
        #expect(gateway.core.table.unendedRuns.isEmpty)
        #expect(gateway.core.table.sessions[child.sessionKey] == nil)
        let (_, again) = gateway.connect(
            child.identity, token: token, scopes: scopes, grants: [child.grant], facts: Self.far)
        #expect(again.admitted?.lineage?.sessionKey == child.sessionKey)
    }
}
