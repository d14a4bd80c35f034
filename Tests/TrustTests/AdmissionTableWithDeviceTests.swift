import JSON
import Testing
import Trust
import Wire

@Suite("Decision table, wire protocol 4.10 (newest), with a proven device")
struct AdmissionTableWithDeviceTests {
    static let asked = ["operator.read", "operator.write"]
    static let silent: [ChangeKind] = [.approveSilently, .issueToken]

    /// Clients that a stranger's key may come with on a direct local connection: all are paired silently.
    static let firstContact: [AdmissionRow] = [
        AdmissionRow("cli", .admitted(asked, .token, silent)) { _ in .cli(try World.stranger()) },
        AdmissionRow("native app", .admitted(asked, .token, silent)) { _ in .app(try World.stranger()) },
        AdmissionRow("TUI", .admitted(asked, .token, silent)) { _ in .tui(try World.stranger()) },
        AdmissionRow("SDK", .admitted(asked, .token, silent)) { _ in .sdk(try World.stranger()) },
        AdmissionRow("cli that asks for admin", .admitted(["operator.admin"], .token, silent)) { _ in
            .cli(try World.stranger()).with(scopes: ["operator.admin"])
        },
        AdmissionRow("cli, password", .admitted(asked, .password, silent)) { world in
            world.use(.password)
            return .cli(try World.stranger()).with(password: World.password)
        },
        AdmissionRow("cli, mode none", .admitted(asked, .none, silent)) { world in
            world.use(.none)
            return .cli(try World.stranger()).with(token: nil)
        },
        AdmissionRow("Control UI from its own page", .admitted(asked, .token, silent)) { _ in
            .controlUI(try World.stranger()).ownPage()
        },
        AdmissionRow("webchat from its own page", .admitted(asked, .token, silent)) { _ in
            .webchat(try World.stranger()).ownPage()
        },
        AdmissionRow("node", .admitted([], .token, silent)) { _ in .node(try World.stranger()) },
    ]

    @Test("local, unpaired: paired silently, token issued", arguments: firstContact)
    func silentlyPaired(_ row: AdmissionRow) throws { try row.check() }

    @Test("the same with autoApproveLocal off: 1008 pairing required", arguments: firstContact)
    func autoApproveOff(_ row: AdmissionRow) throws {
        try AdmissionRow(row.testDescription, .refused(.pairing("not-paired"))) { world in
            world.policy.autoApproveLocal = false
            return try row.caller(&world)
        }.check()
    }

    @Test("the same from elsewhere, or with forwarding headers: 1008 pairing required", arguments: firstContact)
    func remoteFirstContact(_ row: AdmissionRow) throws {
        for facts in [TransportFacts.remote, .forwarded] {
            try AdmissionRow(row.testDescription, .refused(.pairing("not-paired"))) { world in
                let caller = try row.caller(&world)
                return caller.facts.origin == nil ? caller.from(facts) : caller.from(facts).ownPage()
            }.check()
        }
    }

    static let localRows: [AdmissionRow] = [
        AdmissionRow("unpaired, another client that sends an Origin", .refused(.pairing("not-paired"))) { _ in
            .cli(try World.stranger()).ownPage()
        },
        AdmissionRow("unpaired backend, token: no record, no token", .admitted(asked, .token, [])) { _ in
            .backend(try World.stranger())
        },
        AdmissionRow("unpaired backend, password", .admitted(asked, .password, [])) { world in
            world.use(.password)
            return .backend(try World.stranger()).with(password: World.password)
        },
        AdmissionRow("unpaired backend, mode none", .admitted(asked, .none, [])) { world in
            world.use(.none)
            return .backend(try World.stranger()).with(token: nil)
        },
        AdmissionRow("unpaired backend with autoApproveLocal off", .admitted(asked, .token, [])) { world in
            world.policy.autoApproveLocal = false
            return .backend(try World.stranger())
        },
        AdmissionRow("unpaired backend with an Origin", .refused(.pairing("not-paired"))) { _ in
            .backend(try World.stranger()).ownPage()
        },
        AdmissionRow("unpaired TUI, mode none: no pairing", .admitted(asked, .none, [])) { world in
            world.use(.none)
            return .tui(try World.stranger()).with(token: nil)
        },
        AdmissionRow("paired, within its scopes", .admitted(["operator.read"], .token, [])) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).with(scopes: ["operator.read"])
        },
        AdmissionRow("paired for write, literal scopes do not matter", .admitted(asked, .token, [])) { world in
            world.pair(try World.stranger(), scopes: ScopeSet(.write))
            return .cli(try World.stranger())
        },
        AdmissionRow("paired as node, wants operator", .admitted(asked, .token, silent)) { world in
            world.pair(try World.stranger(), scopes: .none, role: .node)
            return .cli(try World.stranger())
        },
        AdmissionRow("the same, autoApproveLocal off", .refused(.pairing("role-upgrade"))) { world in
            world.policy.autoApproveLocal = false
            world.pair(try World.stranger(), scopes: .none, role: .node)
            return .cli(try World.stranger())
        },
        AdmissionRow("paired, its token revoked: a role upgrade, silent", .admitted(asked, .token, silent)) { world in
            world.pair(try World.stranger(), token: nil)
            return .cli(try World.stranger())
        },
        AdmissionRow("paired as node, wants operator, from a page", .refused(.pairing("role-upgrade"))) { world in
            world.pair(try World.stranger(), scopes: .none, role: .node)
            return .cli(try World.stranger()).ownPage()
        },
        AdmissionRow("paired as operator, wants node", .refused(.pairing("role-upgrade"))) { world in
            world.pair(try World.stranger())
            return .node(try World.stranger())
        },
        AdmissionRow("token, paired, wants more scopes", .admitted(asked, .token, silent)) { world in
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger())
        },
        AdmissionRow("password, paired, wants more scopes", .admitted(asked, .password, silent)) { world in
            world.use(.password)
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger()).with(password: World.password)
        },
        AdmissionRow("mode none, paired, wants more scopes", .admitted(asked, .none, silent)) { world in
            world.use(.none)
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger()).with(token: nil)
        },
        AdmissionRow("paired, wants more scopes, autoApproveLocal off", .refused(.pairing("scope-upgrade"))) { world in
            world.policy.autoApproveLocal = false
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger())
        },
        AdmissionRow("device token, paired, wants more scopes", .refused(.scopeMismatch)) { world in
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger()).with(deviceToken: "the-device-token")
        },
        AdmissionRow("paired, other platform, native app", .admitted(asked, .token, silent)) { world in
            world.pair(try World.stranger(), platform: "darwin")
            return .app(try World.stranger())
        },
        AdmissionRow("the same with autoApproveLocal off", .admitted(asked, .token, silent)) { world in
            world.policy.autoApproveLocal = false
            world.pair(try World.stranger(), platform: "darwin")
            return .app(try World.stranger())
        },
        AdmissionRow("device token, paired, other family, native app", .admitted(asked, .deviceToken, silent)) {
            world in
            world.pair(try World.stranger(), deviceFamily: "MacBook")
            return .app(try World.stranger()).with(deviceToken: "the-device-token")
        },
        AdmissionRow("paired, other platform, native app from a page", .refused(.pairing("metadata-upgrade"))) {
            world in
            world.pair(try World.stranger(), platform: "darwin")
            return .app(try World.stranger()).ownPage()
        },
        AdmissionRow("paired as node, other platform, native app as node", .refused(.pairing("metadata-upgrade"))) {
            $0.pair(try World.stranger(), scopes: .none, role: .node, platform: "darwin")
            return .app(try World.stranger()).with(scopes: []).with { $0.role = .node }
        },
        AdmissionRow("paired, other platform, cli", .refused(.pairing("metadata-upgrade"))) { world in
            world.pair(try World.stranger(), platform: "darwin")
            return .cli(try World.stranger())
        },
        AdmissionRow("paired, other platform and more scopes: the first reason", .refused(.pairing("metadata-upgrade")))
        {
            $0.pair(try World.stranger(), scopes: ScopeSet(.read), platform: "darwin")
            return .cli(try World.stranger())
        },
        AdmissionRow("paired native app, other platform and more scopes: both silent", .admitted(asked, .token, silent))
        {
            $0.pair(try World.stranger(), scopes: ScopeSet(.read), platform: "darwin")
            return .app(try World.stranger())
        },
    ]

    @Test("local", arguments: localRows)
    func local(_ row: AdmissionRow) throws { try row.check() }

    static let remoteRows: [AdmissionRow] = [
        AdmissionRow("token, unpaired backend", .refused(.pairing("not-paired"))) { _ in
            .backend(try World.stranger()).from(.remote)
        },
        AdmissionRow("mode none, unpaired SDK", .refused(.pairing("not-paired"))) { world in
            world.use(.none)
            return .sdk(try World.stranger()).with(token: nil).from(.remote)
        },
        AdmissionRow("mode none, unpaired backend", .refused(.pairing("not-paired"))) { world in
            world.use(.none)
            return .backend(try World.stranger()).with(token: nil).from(.remote)
        },
        AdmissionRow("mode none, unpaired TUI: no pairing", .admitted(asked, .none, [])) { world in
            world.use(.none)
            return .tui(try World.stranger()).with(token: nil).from(.remote)
        },
        AdmissionRow("mode none, unpaired Control UI: no pairing", .admitted(asked, .none, [])) { world in
            world.use(.none)
            return .controlUI(try World.stranger()).with(token: nil).from(.remote).ownPage()
        },
        AdmissionRow("mode none, unpaired node of the Control UI", .refused(.pairing("not-paired"))) { world in
            world.use(.none)
            return .tui(try World.stranger()).with(scopes: []).with(token: nil).from(.remote).with { $0.role = .node }
        },
        AdmissionRow("device token in auth.deviceToken, within its grant", .admitted(asked, .deviceToken, [])) {
            world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).with(deviceToken: "the-device-token").from(.remote)
        },
        AdmissionRow("device token in auth.token alone", .admitted(asked, .deviceToken, [])) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).with(token: "the-device-token").from(.remote)
        },
        AdmissionRow("device token in both", .admitted(asked, .deviceToken, [])) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).from(.remote).with {
                $0.auth = ConnectParams.Credentials(token: "the-device-token", deviceToken: "the-device-token")
            }
        },
        AdmissionRow("device token for write, asks for read", .admitted(["operator.read"], .deviceToken, [])) { world in
            world.pair(try World.stranger(), scopes: ScopeSet(.write))
            return .cli(try World.stranger()).with(scopes: ["operator.read"]).with(deviceToken: "the-device-token")
                .from(.remote)
        },
        AdmissionRow("node with its device token", .admitted([], .deviceToken, [])) { world in
            world.pair(try World.stranger(), scopes: .none, role: .node)
            return .node(try World.stranger()).with(token: "the-device-token").from(.remote)
        },
        AdmissionRow("shared token, paired, within its grant", .admitted(asked, .token, [])) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).from(.remote)
        },
        AdmissionRow("shared token, paired, more scopes", .refused(.pairing("scope-upgrade"))) { world in
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger()).from(.remote)
        },
        AdmissionRow("shared token, paired as node, wants operator", .refused(.pairing("role-upgrade"))) { world in
            world.pair(try World.stranger(), scopes: .none, role: .node)
            return .cli(try World.stranger()).from(.remote)
        },
        AdmissionRow("device token, paired, other platform", .refused(.pairing("metadata-upgrade"))) { world in
            world.pair(try World.stranger(), platform: "darwin")
            return .app(try World.stranger()).with(deviceToken: "the-device-token").from(.remote)
        },
        AdmissionRow("device token, paired, more scopes", .refused(.scopeMismatch)) { world in
            world.pair(try World.stranger(), scopes: ScopeSet(.read))
            return .cli(try World.stranger()).with(deviceToken: "the-device-token").from(.remote)
        },
    ]

    @Test("remote", arguments: remoteRows)
    func remote(_ row: AdmissionRow) throws { try row.check() }

    static let anywhere: [AdmissionRow] = [
        AdmissionRow("wrong token, unpaired", .refused(.tokenMismatch)) { _ in
            .cli(try World.stranger()).with(token: "wrong")
        },
        AdmissionRow("no token, unpaired", .refused(.tokenMissing)) { _ in .cli(try World.stranger()).with(token: nil)
        },
        AdmissionRow("empty token, unpaired", .refused(.tokenMissing)) { _ in .cli(try World.stranger()).with(token: "")
        },
        AdmissionRow("wrong password, unpaired", .refused(.passwordMismatch)) { world in
            world.use(.password)
            return .cli(try World.stranger()).with(password: "wrong")
        },
        AdmissionRow("no password, unpaired", .refused(.passwordMissing)) { world in
            world.use(.password)
            return .cli(try World.stranger()).with(token: nil)
        },
        AdmissionRow("wrong token, paired", .refused(.tokenMismatch)) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).with(token: "wrong")
        },
        AdmissionRow("wrong device token, paired", .refused(.deviceTokenMismatch)) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).with(deviceToken: "wrong")
        },
        AdmissionRow("device token of another device", .refused(.deviceTokenMismatch)) { world in
            world.pair(try World.stranger(), token: "mine")
            world.pair(try World.stranger(2), token: "theirs")
            return .cli(try World.stranger()).with(deviceToken: "theirs")
        },
        AdmissionRow("device token of an unpaired device", .refused(.deviceTokenMismatch)) { _ in
            .cli(try World.stranger()).with(deviceToken: "the-device-token")
        },
        AdmissionRow("operator's device token for the role node", .refused(.deviceTokenMismatch)) { world in
            world.pair(try World.stranger())
            return .node(try World.stranger()).with(deviceToken: "the-device-token")
        },
        AdmissionRow("a setup code that nobody issued", .refused(.bootstrapTokenInvalid)) { _ in
            .cli(try World.stranger()).with { $0.auth = ConnectParams.Credentials(bootstrapToken: "code") }
        },
        AdmissionRow("a wrong setup code does not spoil the right token", .admitted(asked, .token, [])) { world in
            world.pair(try World.stranger())
            return .cli(try World.stranger()).with {
                $0.auth = ConnectParams.Credentials(token: World.token, bootstrapToken: "code")
            }
        },
    ]

    @Test("the credential decides the same everywhere", arguments: anywhere)
    func credentials(_ row: AdmissionRow) throws {
        for facts in [TransportFacts.local, .remote, .forwarded] {
            try AdmissionRow(row.testDescription, row.outcome) { world in try row.caller(&world).from(facts) }.check()
        }
    }

    @Test("a revoked device token is a mismatch, one beyond what is approved a scope mismatch")
    func tokenState() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        var token = DeviceToken(
            role: "operator", digest: World.digest("the-device-token"), scopes: ScopeSet(.admin), createdAtMs: 0)
        _ = world.state.pairing.setToken(token, deviceID: device.deviceID)
        let caller = Caller.cli(device).with(deviceToken: "the-device-token")
        expectRefused(world.decide(caller), .scopeMismatch, "the token exceeds what is approved")
        token.revokedAtMs = World.nowMs
        _ = world.state.pairing.setToken(token, deviceID: device.deviceID)
        expectRefused(world.decide(caller), .deviceTokenMismatch)
    }

    @Test("a wrong token may be retried with a device token when a device came with a token and no device token")
    func retryWithDeviceToken() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        func details(_ caller: Caller) -> JSONObject? { world.decide(caller).refusal?.error.details }
        let retryable = details(.cli(device).with(token: "wrong"))
        #expect(retryable?["canRetryWithDeviceToken"] == true)
        #expect(retryable?["recommendedNextStep"] == "retry_with_device_token")
        let withoutDevice = details(.cli().with(token: "wrong"))
        #expect(withoutDevice?["canRetryWithDeviceToken"] == nil)
        #expect(withoutDevice?["recommendedNextStep"] == "update_auth_credentials")
        for auth in [
            ConnectParams.Credentials(token: "wrong", deviceToken: "wrong"),
            ConnectParams.Credentials(password: "wrong"), ConnectParams.Credentials(token: "", password: "wrong"),
        ] {
            let details = details(.cli(device).with { $0.auth = auth })
            #expect(details?["canRetryWithDeviceToken"] == nil, "\(auth)")
        }
    }

    @Test(
        "a bad proof is reported before a bad credential, and after the missing-device policy",
        arguments: [
            (ProofFailure.deviceIDMismatch, "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device identity mismatch"),
            (.signatureStale, "DEVICE_AUTH_SIGNATURE_EXPIRED", "device signature expired"),
            (.nonceMissing, "DEVICE_AUTH_NONCE_REQUIRED", "device nonce required"),
            (.nonceMismatch, "DEVICE_AUTH_NONCE_MISMATCH", "device nonce mismatch"),
            (.signatureInvalid, "DEVICE_AUTH_SIGNATURE_INVALID", "device signature invalid"),
            (.publicKeyInvalid, "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device public key invalid"),
        ])
    func proofs(_ failure: ProofFailure, _ code: String, _ message: String) throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        let child = try world.spawn()
        for who in [device, child] {
            for token in [World.token, "wrong", nil] {
                for facts in [TransportFacts.local, .remote] {
                    let caller = Caller.cli(who).with(token: token).from(facts).with { $0.proofFailure = failure }
                    expectRefused(world.decide(caller), .proof(code, failure.rawValue, message))
                }
            }
        }
    }
}
