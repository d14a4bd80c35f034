import Config
import EventLoop
import Testing

@testable import Server

struct ListenPlanTests {
    private static func plan(_ gateway: String, owner: String? = nil) throws -> ListenPlan {
        let text =
            "{ gateway: { mode: 'local', port: 4000, auth: { token: 't' }, tls: { enabled: true }, \(gateway) } }"
        let input = ConfigInput(
            files: [.init(path: "openclaw.json", bytes: Array(text.utf8))], environment: [:], flags: [:])
        let result = ConfigLoader.load(input) { _ in nil }
        return try ListenPlan.make(
            try #require(result.configuration, "\(result.problems)").gateway, ownerSocket: owner)
    }

    @Test func loopbackWithoutPROXYHeadersIsAlwaysThere() throws {
        let plan = try Self.plan(
            """
            trustedProxies: ['10.0.0.1'], listeners: [
                { address: '127.0.0.1', port: 4001, proxyProtocol: 'required' }, { path: '/run/a.sock' } ]
            """, owner: "/state/owner.sock")
        #expect(plan.addresses == [.loopback(port: 4000), .loopbackV6(port: 4000)])
        #expect(
            plan.extras.map(\.address) == [
                .loopback(port: 4001), .unix(path: "/run/a.sock"), .unix(path: "/state/owner.sock"),
            ])
        #expect(
            plan.extras.map(\.traits) == [
                ListenerTraits(isTLS: true, requiresProxyHeader: true),
                ListenerTraits(kind: .proxySocket, isTLS: false),
                ListenerTraits(kind: .ownerSocket, isTLS: false),
            ])
        #expect(plan.extras.map(\.mode) == [0o600, 0o660, 0o600])
        #expect(plan.extras.map(\.isOptional) == [false, false, true])
    }

    @Test(arguments: [
        "listeners: [{ address: '127.0.0.1', port: 4000 }]", "listeners: [{ address: '0.0.0.0', port: 4000 }]",
        "bind: 'lan', listeners: [{ address: '127.0.0.1', port: 4000 }]",
        "bind: 'lan', listeners: [{ address: '::1', port: 4000 }]",
        "listeners: [{ address: '127.0.0.1', port: 4001 }, { address: '127.0.0.1', port: 4001, tls: false }]",
        "listeners: [{ path: '/run/a.sock' }, { path: '/run/a.sock' }]",
    ])
    func twoListenersAtOnePlaceAreRefused(_ gateway: String) throws {
        let failure = #expect(throws: StartFailure.self) { _ = try Self.plan(gateway) }
        #expect(failure?.exitCode == 78)
        #expect(failure?.message.contains("gateway.listeners[") == true)
        #expect(failure?.message.contains("already does") == true)
    }

    @Test(arguments: [
        "listeners: [{ address: '127.0.0.2', port: 4000 }]", "listeners: [{ address: '127.0.0.1', port: 4001 }]",
        "listeners: [{ address: '127.0.0.1', port: 0 }, { address: '127.0.0.1', port: 0 }]",
        "bind: 'custom', customBindHost: '0.0.0.0', listeners: [{ address: '::1', port: 4000 }]",
    ])
    func othersAreNot(_ gateway: String) throws {
        #expect(throws: Never.self) { _ = try Self.plan(gateway) }
    }

    @Test func certificatesAreForTheAddressesOfAllTLSListeners() throws {
        let plan = try Self.plan(
            """
            trustedProxies: ['10.0.0.1'], listeners: [ { address: '192.0.2.1', port: 1 },
                { address: '192.0.2.2', port: 1, tls: false }, { path: '/run/a.sock', tls: true } ]
            """)
        #expect(plan.reachableAddresses == ["127.0.0.1", "192.0.2.1", "::1"])
    }

    @Test(arguments: [
        ("", "/healthz", "/healthz"), ("/openclaw", "/openclaw/healthz", "/healthz"), ("/openclaw", "/openclaw", "/"),
        ("/openclaw", "/openclaw/", "/"), ("/openclaw", "/healthz", "/healthz"),
        ("/openclaw", "/openclaws", "/openclaws"), ("/a/b", "/a/b/c", "/c"), ("/a/b", "/a", "/a"),
    ])
    func routesAreAnsweredBelowTheBasePathToo(base: String, path: String, route: String) {
        #expect(ListenerFacts(basePath: base).route(path) == route)
    }
}
