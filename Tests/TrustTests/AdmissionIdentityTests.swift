import JSON
import Testing
import Trust
import Wire

@Suite("Identity-aware proxies and Tailscale Serve, wire protocol 4.2")
struct AdmissionIdentityTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// `details.authReason`; nil: let in.
        let reason: String?
        var code = "AUTH_UNAUTHORIZED"
        let change: @Sendable (inout ProxyIdentityPolicy, inout TransportFacts) -> Void
    }

    static let user = "x-forwarded-user"

    static let trustedProxy = [
        Case(testDescription: "a user of the proxy", reason: nil) { _, _ in },
        Case(testDescription: "one on the list", reason: nil) { policy, _ in
            policy.allowUsers = ["bob", "ana@example.com"]
        },
        Case(testDescription: "with the headers that are required", reason: nil) { policy, facts in
            policy.requiredHeaders = ["x-forwarded-proto"]
            facts.headers["x-forwarded-proto"] = "https"
        },
        Case(testDescription: "a loopback proxy that is allowed", reason: nil) { policy, facts in
            policy.allowLoopback = true
            facts.peerIsLoopback = true
        },
        Case(testDescription: "nothing configured", reason: "trusted_proxy_config_missing") { policy, _ in
            policy.userHeader = nil
        },
        Case(testDescription: "no proxies", reason: "trusted_proxy_no_proxies_configured") { policy, _ in
            policy.hasTrustedProxies = false
        },
        Case(testDescription: "a stranger's header", reason: "trusted_proxy_untrusted_source") { _, facts in
            facts.peerIsTrustedProxy = false
        },
        Case(testDescription: "loopback", reason: "trusted_proxy_loopback_source") { _, facts in
            facts.peerIsLoopback = true
        },
        Case(testDescription: "this host by another address", reason: "trusted_proxy_local_interface_source") {
            _, facts in
            facts.peerIsThisHost = true
        },
        Case(
            testDescription: "nobody knows which addresses are this host's",
            reason: "trusted_proxy_local_interface_check_failed"
        ) { _, facts in facts.peerIsThisHost = nil },
        Case(testDescription: "a proxy on a Unix socket, which has no address", reason: nil) { _, facts in
            facts.peer = "unix"
            facts.peerIsThisHost = false
        },
        Case(
            testDescription: "a required header is missing", reason: "trusted_proxy_missing_header_x-auth",
            code: "AUTH_IDENTITY_HEADER_REQUIRED"
        ) { policy, _ in policy.requiredHeaders = ["x-auth"] },
        Case(
            testDescription: "no user header", reason: "trusted_proxy_missing_header_x-forwarded-user",
            code: "AUTH_IDENTITY_HEADER_REQUIRED"
        ) { _, facts in facts.headers = [:] },
        Case(testDescription: "an empty user", reason: "trusted_proxy_user_missing") { _, facts in
            facts.headers[user] = "  "
        },
        Case(testDescription: "a user not on the list", reason: "trusted_proxy_user_not_allowed") { policy, _ in
            policy.allowUsers = ["bob"]
        },
    ]

    private func world(_ one: Case) throws -> (World, TransportFacts) {
        var world = try World()
        world.policy.authMode = .trustedProxy
        world.policy.secretDigest = nil
        world.policy.identity = ProxyIdentityPolicy(userHeader: Self.user, hasTrustedProxies: true)
        var facts = TransportFacts(
            isDirectLocal: false, hasForwardingHeaders: true, peerIsTrustedProxy: true,
            headers: [Self.user: "ana@example.com"], peer: "10.0.0.2", clientAddress: "203.0.113.9", host: "gw.example")
        one.change(&world.policy.identity, &facts)
        return (world, facts)
    }

    @Test("mode trusted-proxy, every reason", arguments: trustedProxy)
    func proxy(_ one: Case) throws {
        let (world, facts) = try world(one)
        let decision = world.decide(Caller.sdk().with(token: nil).from(facts))
        guard let reason = one.reason else {
            #expect(decision.admitted?.method == .trustedProxy && decision.admitted?.scopes.isEmpty == true)
            #expect(decision.admitted?.principal == .unshared)
            return
        }
        #expect(decision.refusal?.error.details["authReason"] == .string(reason))
        #expect(decision.refusal?.error.details["code"] == .string(one.code))
        #expect(decision.refusal?.error.details["recommendedNextStep"] == "review_auth_configuration")
        #expect(decision.refusal?.error.details["remediationHint"] != nil, "the owner is told what to do")
        #expect(decision.wrongCredentials.isEmpty, "no guess")
        // A device does not change that, and neither does the secret of another mode.
        let device = world.decide(Caller.sdk(try World.stranger()).from(facts))
        #expect(device.admitted == nil)
    }

    @Test(
        "an unknown device of a known user is paired by the owner; the Control UI without one is let in, scopes cleared"
    )
    func devices() throws {
        let (world, facts) = try world(Self.trustedProxy[0])
        let device = world.decide(Caller.sdk(try World.stranger()).with(token: nil).from(facts))
        #expect(device.refusal?.error.details["reason"] == "not-paired")
        var page = facts
        page.origin = "https://gw.example"
        var allowed = world
        allowed.policy.allowedOrigins = ["https://gw.example"]
        let control = allowed.decide(Caller.controlUI().with(token: nil).from(page))
        #expect(control.admitted?.scopes.isEmpty == true && control.admitted?.method == .trustedProxy)
    }

    @Test(
        "a user has on a connection without a device what identityScopes says, as far as it is asked for",
        arguments: [
            ("ana@example.com", ["operator.read", "operator.write"]), ("ANA@Example.com", ["operator.read"]),
            ("bob", ["operator.read"]), ("Bob", []), ("eve", []),
        ])
    func identityScopes(_ user: String, _ asked: [String]) throws {
        var (world, facts) = try world(Self.trustedProxy[0])
        world.policy.identity.identityScopes = IdentityScopes([
            "Ana@example.com": ["operator.write"], "bob": ["operator.read"],
        ])
        facts.headers[Self.user] = user
        for caller in [Caller.sdk(), Caller.controlUI()] {
            var page = facts
            if caller.clientID != "test" { page.origin = "https://gw.example" }
            world.policy.allowedOrigins = ["https://gw.example"]
            let decision = world.decide(
                caller.with(token: nil).with(scopes: asked + ["operator.admin", "operator.pairing"]).from(page))
            let scopes = try #require(decision.admitted?.scopes)
            #expect(scopes.covers(ScopeSet(asked)) && !scopes.covers(.admin) && !scopes.covers(.pairing))
            #expect(scopes.isEmpty == (user == "Bob" || user == "eve"), "\(scopes.names)")
        }
        if user.hasPrefix("ana") || user.hasPrefix("ANA") {
            let modest = world.decide(Caller.sdk().with(token: nil).with(scopes: ["operator.read"]).from(facts))
            #expect(modest.admitted?.scopes.covers(.write) == false, "nobody gets what was not asked for")
        }
        // The word of nobody else counts for that.
        world.use(.token)
        #expect(world.decide(Caller.sdk().from(facts)).admitted?.scopes.isEmpty == true)
    }

    @Test("a browser of a known user is paired at once where the owner wants that, up to what the owner says")
    func deviceAutoApprove() throws {
        var (world, facts) = try world(Self.trustedProxy[0])
        facts.origin = "https://gw.example"
        world.policy.allowedOrigins = ["https://gw.example"]
        let page = Caller.controlUI(try World.stranger()).with(token: nil).with(scopes: ["operator.read"])
        #expect(world.decide(page.from(facts)).refusal?.error.details["reason"] == "not-paired", "not by default")
        world.policy.identity.autoApproveScopes = ScopeSet(.read, .write, .approvals)
        let decision = world.decide(page.from(facts))
        #expect(decision.admitted?.method == .trustedProxy && decision.admitted?.scopes.names == ["operator.read"])
        #expect(decision.changes.map(ChangeKind.init) == [.approveByProxy])
        #expect(decision.admitted?.restsOnPairing == true)
        for caller in [
            page.with(scopes: ["operator.admin"]), Caller.sdk(try World.stranger()).with(token: nil),
            page.with { $0.role = .node },
        ] {
            #expect(world.decide(caller.from(facts)).admitted == nil, "\(caller.clientID) \(caller.scopes)")
        }
        var unnamed = facts
        unnamed.headers = [:]
        #expect(world.decide(page.from(unnamed)).admitted == nil)
        // Who is paired for less is not upgraded by it.
        world.pair(try World.stranger(), scopes: ScopeSet(.read))
        #expect(
            world.decide(page.with(scopes: ["operator.write"]).from(facts)).refusal?.error.details["reason"]
                == "scope-upgrade")
        #expect(world.decide(page.from(facts)).changes.isEmpty, "no token: the proxy's word comes each time")
    }

    @Test("on the gateway's own host the password still opens, and a wrong one is a guess")
    func localPassword() throws {
        var (world, _) = try world(Self.trustedProxy[0])
        world.policy.secretDigest = World.digest(World.password)
        #expect(world.decide(Caller.cli().with(password: World.password)).admitted?.method == .password)
        let wrong = world.decide(Caller.cli().with(password: "wrong"))
        #expect(wrong.refusal?.error.details["authReason"] == "password_mismatch" && wrong.wrongCredentials.count == 1)
        #expect(world.decide(Caller.cli().with(password: World.password).from(.remote)).admitted == nil)
    }

    @Test("a child needs no proxy: its run token opens in every mode")
    func child() throws {
        var (world, _) = try world(Self.trustedProxy[0])
        let child = try world.spawn(principal: .unshared, runToken: "run-token")
        #expect(world.decide(Caller.sdk(child).with(token: "run-token").from(.remote)).admitted?.method == .runToken)
    }

    static let serve: [String: String] = [
        "tailscale-user-login": "ana@example.com", "x-forwarded-for": "100.64.0.20", "x-forwarded-proto": "https",
        "x-forwarded-host": "gw.tail.ts.net",
    ]

    static let tailscale = [
        Case(testDescription: "Serve and the daemon agree", reason: nil) { _, _ in },
        Case(testDescription: "in another case", reason: nil) { _, facts in facts.tailscale = .login("Ana@Example.com")
        },
        Case(testDescription: "switched off", reason: "token_missing", code: "AUTH_TOKEN_MISSING") { policy, _ in
            policy.allowTailscale = false
        },
        Case(testDescription: "not from loopback", reason: "token_missing", code: "AUTH_TOKEN_MISSING") { _, facts in
            facts.peerIsLoopback = false
        },
        Case(testDescription: "no login", reason: "token_missing", code: "AUTH_TOKEN_MISSING") { _, facts in
            facts.headers["tailscale-user-login"] = nil
        },
        Case(
            testDescription: "not as Serve sends it", reason: "tailscale_proxy_missing",
            code: "AUTH_TAILSCALE_PROXY_MISSING"
        ) { _, facts in facts.headers["x-forwarded-proto"] = nil },
        Case(
            testDescription: "the daemon knows nobody", reason: "tailscale_whois_failed",
            code: "AUTH_TAILSCALE_WHOIS_FAILED"
        ) { _, facts in facts.tailscale = .failed },
        Case(
            testDescription: "the daemon was not asked", reason: "tailscale_whois_failed",
            code: "AUTH_TAILSCALE_WHOIS_FAILED"
        ) { _, facts in facts.tailscale = .notAsked },
        Case(
            testDescription: "the daemon knows somebody else", reason: "tailscale_user_mismatch",
            code: "AUTH_TAILSCALE_IDENTITY_MISMATCH"
        ) { _, facts in facts.tailscale = .login("eve@example.com") },
    ]

    @Test("Tailscale Serve, every reason", arguments: tailscale)
    func serve(_ one: Case) throws {
        var world = try World()
        world.policy.identity.allowTailscale = true
        var facts = TransportFacts(
            isDirectLocal: false, hasForwardingHeaders: true, peerIsLoopback: true, headers: Self.serve,
            tailscale: .login("ana@example.com"), peer: "127.0.0.1", clientAddress: "127.0.0.1", host: "gw.tail.ts.net")
        one.change(&world.policy.identity, &facts)
        let device = try World.stranger()
        let native = world.decide(Caller.sdk(device).with(token: nil).from(facts))
        guard let reason = one.reason else {
            // The user is known, the device is not.
            #expect(native.refusal?.error.details["reason"] == "not-paired")
            facts.origin = "https://gw.tail.ts.net"
            #expect(world.decide(Caller.controlUI(device).with(token: nil).from(facts)).admitted?.method == .tailscale)
            #expect(world.decide(Caller.sdk().with(token: nil).from(facts)).admitted == nil, "no secret was shown")
            return
        }
        #expect(native.refusal?.error.details["authReason"] == .string(reason))
        #expect(native.refusal?.error.details["code"] == .string(one.code))
        // A client that brings the secret is judged by that.
        #expect(world.decide(Caller.sdk(device).from(facts)).refusal?.error.details["reason"] == "not-paired")
    }
}
