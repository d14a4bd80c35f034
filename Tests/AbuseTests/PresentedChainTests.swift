import Gateway
import JSON
import Sessions
import Testing
import Trust
import Wire

@Suite struct PresentedChainTests {
    private static let far = TransportFacts(isDirectLocal: false, peer: "192.0.2.1")

    private static func deviceToken(_ answer: Answer) throws -> String {
        try #require(answer.payload?["auth"]?["deviceToken"]?.string)
    }

    private static func present(
        _ chain: [Child], by device: SigningIdentity, scopes: [String] = ["operator.admin"],
        limit: Int = 5
    ) throws -> (TestGateway, Answer) {
        var gateway = try TestGateway { settings in
            var agent = AgentDefinition(id: "main", exec: .init(command: ["/bin/cat"], stdin: .task))
            agent.limits.maxChildrenPerAgent = limit
            settings.catalog = AgentCatalog(agents: [agent], defaultAgentID: "main")
        }
        let (_, pairing) = gateway.connect(try TestGateway.key(1), scopes: scopes)
        let token = try deviceToken(pairing)
        let (_, answer) = gateway.connect(
            device, token: token, scopes: ["operator.read"], grants: chain.map(\.grant), facts: far)
        return (gateway, answer)
    }

    private static var root: SigningIdentity {
        get throws { try SigningIdentity(seed: [UInt8](repeating: 7, count: 32)) }
    }

    @Test func oneSpawnIDCannotStandForParentAndChild() throws {
        let parent = try TestGateway.key(1)
        let child = try Child(of: parent, gateway: try Self.root, spawnID: "same")
        let grandchild = try Child(of: child.identity, gateway: try Self.root, depth: 2, spawnID: "same")
        let (gateway, answer) = try Self.present([child, grandchild], by: grandchild.identity)
        #expect(answer.admitted == nil)
        #expect(gateway.core.table.unendedRuns.isEmpty)
    }

    @Test func siblingsCannotComeInOneChainPastTheLimit() throws {
        let parent = try TestGateway.key(1)
        let siblings = try (0..<5).map { _ in try Child(of: parent, gateway: try Self.root) }
        let (gateway, answer) = try Self.present(siblings, by: siblings[4].identity, limit: 2)
        #expect(answer.admitted == nil)
        #expect(gateway.core.table.unendedRuns.isEmpty)
    }

    @Test func whoMayNotWriteCannotSpawnByGrant() throws {
        let child = try Child(of: try TestGateway.key(1), gateway: try Self.root, scopes: ["operator.read"])
        let (_, answer) = try Self.present([child], by: child.identity, scopes: ["operator.read"])
        #expect(answer.admitted == nil)
    }

    @Test func rightChainIsAdmitted() throws {
        let child = try Child(of: try TestGateway.key(1), gateway: try Self.root)
        let grandchild = try Child(of: child.identity, gateway: try Self.root, depth: 2)
        let (gateway, answer) = try Self.present([child, grandchild], by: grandchild.identity)
        #expect(answer.admitted?.lineage?.depth == 2)
        #expect(gateway.core.table.runsBelow("agent:main:main").count == 2)
    }

    @Test func childGetsNoAdminThatTheOwnersConfigurationDoesNotName() throws {
        var gateway = try TestGateway()
        let parent = try TestGateway.key(1)
        let (_, pairing) = gateway.connect(parent)
        let wide = ["operator.admin", "operator.pairing", "operator.read"]
        let child = try Child(of: parent, gateway: gateway.root, scopes: wide)
        let (_, answer) = gateway.connect(
            child.identity, token: try Self.deviceToken(pairing), scopes: wide, grants: [child.grant], facts: Self.far)
        let kept = Set(["operator.read", "operator.write"])
        #expect(Set(answer.admitted?.scopes.names ?? []) == kept)
        #expect(Set(gateway.core.trust.lineage[child.identity.deviceID]?.scopes.names ?? []) == kept)
    }
}
