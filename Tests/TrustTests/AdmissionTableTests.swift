import JSON
import Testing
import Trust
import Wire

/// One row of a decision table: who comes, over what, and what the document says happens.
struct AdmissionRow: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        case admitted([String], AuthMethod, [ChangeKind])
        case refused(ExpectedRefusal)
    }

    let testDescription: String
    let outcome: Outcome
    let caller: @Sendable (inout World) throws -> Caller

    init(_ testDescription: String, _ outcome: Outcome, _ caller: @escaping @Sendable (inout World) throws -> Caller) {
        self.testDescription = testDescription
        self.outcome = outcome
        self.caller = caller
    }

    func check() throws {
        var world = try World()
        let caller = try caller(&world)
        let decision = world.decide(caller)
        switch outcome {
        case .admitted(let scopes, let method, let changes):
            expectAdmitted(decision, scopes: scopes, method: method, changes: changes)
        case .refused(let refusal):
            expectRefused(decision, refusal)
        }
    }
}

@Suite("Decision table, wire protocol 4.10 (newest), without a device")
struct AdmissionTableWithoutDeviceTests {
    static let asked = ["operator.read", "operator.write"]

    static let localRows: [AdmissionRow] = [
        AdmissionRow("local, token, cli: scopes kept", .admitted(asked, .token, [])) { _ in .cli() },
        AdmissionRow("local, password, cli: scopes kept", .admitted(asked, .password, [])) { world in
            world.use(.password)
            return .cli().with(password: World.password)
        },
        AdmissionRow("local, token, other operator: scopes cleared", .admitted([], .token, [])) { _ in .sdk() },
        AdmissionRow("local, password, other operator: scopes cleared", .admitted([], .password, [])) { world in
            world.use(.password)
            return .app().with(password: World.password)
        },
        AdmissionRow("local, token, id cli in another mode: scopes cleared", .admitted([], .token, [])) { _ in
            Caller("cli", "ui")
        },
        AdmissionRow("local, token, mode cli of another id: scopes cleared", .admitted([], .token, [])) { _ in
            Caller("test", "cli")
        },
        AdmissionRow("local, token, cli with an Origin: scopes cleared", .admitted([], .token, [])) { _ in
            .cli().ownPage()
        },
        AdmissionRow("local, token, backend: scopes kept", .admitted(asked, .token, [])) { _ in .backend() },
        AdmissionRow("local, password, backend: scopes kept", .admitted(asked, .password, [])) { world in
            world.use(.password)
            return .backend().with(password: World.password)
        },
        AdmissionRow("local, mode none, backend: scopes kept", .admitted(asked, .none, [])) { world in
            world.use(.none)
            return .backend().with(token: nil)
        },
        AdmissionRow("local, token, Control UI", .refused(.controlUIDeviceIdentityRequired)) { _ in
            .controlUI().ownPage()
        },
        AdmissionRow("local, token, TUI", .refused(.controlUIDeviceIdentityRequired)) { _ in .tui() },
        AdmissionRow("local, mode none, TUI", .refused(.controlUIDeviceIdentityRequired)) { world in
            world.use(.none)
            return .tui().with(token: nil)
        },
        AdmissionRow("local, wrong token, TUI", .refused(.controlUIDeviceIdentityRequired)) { _ in
            .tui().with(token: "wrong")
        },
        AdmissionRow("local, token, Control UI with allowInsecureAuth: scopes kept", .admitted(asked, .token, [])) {
            $0.policy.allowInsecureControlUI = true
            return .controlUI().ownPage()
        },
        AdmissionRow("local, token, Control UI with dangerouslyDisableDeviceAuth", .admitted(asked, .token, [])) {
            $0.policy.disableControlUIDeviceAuth = true
            return .controlUI().ownPage()
        },
        AdmissionRow("dangerouslyDisableDeviceAuth ignores a device that is sent", .admitted(asked, .token, [])) {
            $0.policy.disableControlUIDeviceAuth = true
            return try Caller.controlUI(World.stranger()).ownPage().with { $0.proofFailure = .signatureInvalid }
        },
        AdmissionRow(
            "dangerouslyDisableDeviceAuth does not excuse a wrong token",
            .refused(
                .auth(
                    "AUTH_TOKEN_MISMATCH", "token_mismatch",
                    "unauthorized: gateway token mismatch (open the dashboard URL and paste the token in Control UI settings)"
                ))
        ) {
            $0.policy.disableControlUIDeviceAuth = true
            return .controlUI().ownPage().with(token: "wrong")
        },
        AdmissionRow("local, mode none, cli", .refused(.deviceIdentityRequired)) { world in
            world.use(.none)
            return .cli().with(token: nil)
        },
        AdmissionRow("local, mode none, other operator", .refused(.deviceIdentityRequired)) { world in
            world.use(.none)
            return .sdk().with(token: "anything")
        },
        AdmissionRow("local, token, node", .refused(.deviceIdentityRequired)) { _ in .node() },
        AdmissionRow("local, nothing supplied, cli", .refused(.deviceIdentityRequired)) { _ in .cli().with(token: nil)
        },
        AdmissionRow("local, nothing supplied in password mode, cli", .refused(.deviceIdentityRequired)) { world in
            world.use(.password)
            return .cli().with(token: nil)
        },
        AdmissionRow("local, wrong token, cli", .refused(.tokenMismatch)) { _ in .cli().with(token: "wrong") },
        AdmissionRow("local, wrong token, backend", .refused(.tokenMismatchOfOthers)) { _ in
            .backend().with(token: "wrong")
        },
        AdmissionRow("local, wrong token, node", .refused(.tokenMismatchOfOthers)) { _ in .node().with(token: "wrong")
        },
        AdmissionRow("local, wrong password, cli", .refused(.passwordMismatch)) { world in
            world.use(.password)
            return .cli().with(password: "wrong")
        },
        AdmissionRow("no token is configured", .refused(.tokenNotConfigured)) { world in
            world.policy.secretDigest = nil
            return .cli()
        },
        AdmissionRow("no password is configured", .refused(.passwordNotConfigured)) { world in
            world.use(.password)
            world.policy.secretDigest = nil
            return .cli().with(password: "x")
        },
        AdmissionRow("the token in the password field counts", .admitted(asked, .token, [])) { _ in
            .cli().with(password: World.token)
        },
        AdmissionRow("the password in the token field counts", .admitted(asked, .password, [])) { world in
            world.use(.password)
            return .cli().with(token: World.password)
        },
    ]

    static let remoteRows: [AdmissionRow] = [
        AdmissionRow("remote, token, cli: scopes cleared", .admitted([], .token, [])) { _ in .cli().from(.remote) },
        AdmissionRow("remote, password, SDK: scopes cleared", .admitted([], .password, [])) { world in
            world.use(.password)
            return .sdk().with(password: World.password).from(.remote)
        },
        AdmissionRow("remote, token, backend: scopes cleared", .admitted([], .token, [])) { _ in
            .backend().from(.remote)
        },
        AdmissionRow("forwarded on loopback, token, cli: scopes cleared", .admitted([], .token, [])) { _ in
            .cli().from(.forwarded)
        },
        AdmissionRow("remote, token, Control UI", .refused(.controlUIDeviceIdentityRequired)) { _ in
            .controlUI().from(.remote).ownPage()
        },
        AdmissionRow("remote, token, TUI", .refused(.controlUIDeviceIdentityRequired)) { _ in .tui().from(.remote) },
        AdmissionRow(
            "remote, Control UI, allowInsecureAuth is for local ones", .refused(.controlUIDeviceIdentityRequired)
        ) {
            $0.policy.allowInsecureControlUI = true
            return .controlUI().from(.remote).ownPage()
        },
        AdmissionRow("remote, token, node", .refused(.deviceIdentityRequired)) { _ in .node().from(.remote) },
        AdmissionRow("remote, mode none, node", .refused(.deviceIdentityRequired)) { world in
            world.use(.none)
            return .node().with(token: nil).from(.remote)
        },
        AdmissionRow("remote, mode none, cli", .refused(.deviceIdentityRequired)) { world in
            world.use(.none)
            return .cli().with(token: nil).from(.remote)
        },
        AdmissionRow("remote, mode none, backend", .refused(.deviceIdentityRequired)) { world in
            world.use(.none)
            return .backend().with(token: nil).from(.remote)
        },
        AdmissionRow("remote, wrong token, cli", .refused(.tokenMismatch)) { _ in
            .cli().with(token: "wrong").from(.remote)
        },
        AdmissionRow("remote, a device token without the device", .refused(.deviceIdentityRequired)) {
            $0.pair(try World.stranger())
            return .cli().with(deviceToken: "the-device-token").from(.remote)
        },
    ]

    @Test("local", arguments: localRows)
    func local(_ row: AdmissionRow) throws { try row.check() }

    @Test("remote", arguments: remoteRows)
    func remote(_ row: AdmissionRow) throws { try row.check() }

    @Test(
        "a version window that does not overlap is refused first, with 1002",
        arguments: [
            1...2, 5...5, 5...Int64.max,
        ] as [ClosedRange<Int64>])
    func protocolWindow(_ window: ClosedRange<Int64>) throws {
        let world = try World()
        for caller in [Caller.cli().with(token: "wrong"), .controlUI(), .cli().from(.ownerSocket)] {
            let decision = world.decide(caller.with { $0.window = window })
            expectRefused(
                decision,
                ExpectedRefusal(
                    code: "INVALID_REQUEST", detailsCode: "PROTOCOL_MISMATCH", message: "protocol mismatch",
                    closeCode: 1002, closeReason: "protocol mismatch"))
            #expect(decision.refusal?.error.details["clientMinProtocol"] == .integer(window.lowerBound))
            #expect(decision.refusal?.error.details["clientMaxProtocol"] == .integer(window.upperBound))
        }
    }
}
