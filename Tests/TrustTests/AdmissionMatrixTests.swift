import JSON
import Testing
import Trust
import Wire

@Suite("What holds for every connection")
struct AdmissionMatrixTests {
    // MARK: Children

    static let clientIDs = ClientInfo.knownIDs.sorted()
    static let modes = ClientInfo.knownModes.sorted()

    /// Every kind of place a child can dial from: peer, locality, forwarding headers, TLS, `Host`.
    static let places: [TransportFacts] = {
        let peers: [(String, Bool, Bool, Bool)] = [
            ("127.0.0.1", true, false, false), ("127.0.0.1", false, true, false), ("127.0.0.1", false, true, true),
            ("::1", true, false, false), ("172.18.0.3", false, false, false), ("10.0.0.7", false, true, false),
            ("100.101.102.103", false, false, false), ("2001:db8::1", false, false, false),
        ]
        let hosts: [String?] = [nil, "127.0.0.1:18789", "172.18.0.2:3000", "gw.example", "evil.example", ""]
        return peers.flatMap { peer, isDirectLocal, hasForwardingHeaders, isTrustedProxy in
            hosts.flatMap { host in
                [true, false].map { isTLS in
                    TransportFacts(
                        isDirectLocal: isDirectLocal, hasForwardingHeaders: hasForwardingHeaders,
                        peerIsTrustedProxy: isTrustedProxy, isTLS: isTLS, peer: peer,
                        clientAddress: isTrustedProxy ? nil : peer, host: host)
                }
            }
        }
    }()

    @Test("a live child with its parent's shared token is admitted from wherever, as whatever client", arguments: 1...5)
    func children(_ depth: Int) throws {
        var world = try World()
        var child = world.main
        for level in 1...depth { child = try world.spawn("c\(level)", below: child, depth: level) }
        var refused: [String] = []
        for id in Self.clientIDs {
            for (number, mode) in Self.modes.enumerated() {
                let needsOrigin = id == "openclaw-control-ui" || mode == "webchat" || id == "webchat-ui"
                // Every depth sees another part of the places, all five together see them all.
                for place in Self.places.indices where (place + number) % 5 == depth - 1 {
                    var facts = Self.places[place]
                    if needsOrigin {
                        facts.host = "172.18.0.2:18789"
                        facts.origin = "https://172.18.0.2:18789"
                    }
                    let decision = world.decide(Caller(id, mode, device: child).from(facts))
                    guard let admitted = decision.admitted else {
                        refused.append("\(id)/\(mode) from \(facts.peer): \(decision.summary)")
                        continue
                    }
                    if admitted.scopes.names != ["operator.read", "operator.write"] || !decision.changes.isEmpty {
                        refused.append("\(id)/\(mode): \(admitted.scopes.names) \(decision.changeKinds)")
                    }
                }
            }
        }
        #expect(refused.isEmpty, "\(refused.count): \(refused.prefix(3))")
    }

    @Test("no owner's setting for pairing keeps a live child out")
    func childrenUnderPolicies() throws {
        var world = try World()
        let child = try world.spawn()
        for bits in 0..<16 {
            world.policy.autoApproveLocal = bits & 1 == 0
            world.policy.loopbackExempt = bits & 2 == 0
            world.policy.enforcePairing = bits & 4 == 0
            world.policy.requireForExternal = bits & 8 == 0
            for place in Self.places {
                expectAdmitted(
                    world.decide(.cli(child).from(place)), scopes: ["operator.read", "operator.write"], method: .token)
            }
        }
    }

    // MARK: Everybody

    enum DeviceState: CaseIterable {
        case none, unpaired, badProof, pairedNarrow, pairedWide, pairedNode, pairedPinned, revokedToken
        case child, narrowChild, revokedChild, endedChild, expiredChild, presented, forged
    }

    enum Secret: CaseIterable { case shared, wrong, missing, deviceToken, runToken, foreignRunToken, enrolmentToken }
    enum Setting: CaseIterable {
        case usual, noAutoApprove, loopbackExempt, pairingOff, externalOff, bypassOff, lockedOut
    }

    /// A world, and in `caller` the device, proof, grants and credential of who connects.
    struct Case {
        var world: World
        var caller: Caller
        /// The most that this connection may be given; nil when it is bound by what it asks for only.
        var ceiling: ScopeSet?
        var isDerived = false
        var hasCredential = true

        func calling(as client: Caller, from facts: TransportFacts) -> Case {
            var changed = self
            changed.caller = client.from(facts).with {
                $0.device = caller.device
                $0.proofFailure = caller.proofFailure
                $0.grants = caller.grants
                $0.auth = caller.auth
            }
            return changed
        }
    }

    static func build(_ world: World, _ device: DeviceState, _ secret: Secret) throws -> Case {
        var built = Case(world: world, caller: .cli())
        let stranger = try World.stranger()
        func pair(_ scopes: ScopeSet, role: Role = .operator, platform: String? = nil, token: String? = "device") {
            built.world.pair(stranger, scopes: scopes, role: role, token: token, platform: platform)
            built.caller.device = stranger
        }
        _ = try built.world.spawn("other", runToken: "foreign-run")
        built.world.state.invitations.put(
            Invitation(
                id: "i1", digest: World.digest("enrolment"), kind: .enrolment, roles: ["operator"],
                scopes: ScopeSet(.write), usesLeft: 1, createdAtMs: world.nowMs, expiresAtMs: world.nowMs + 1))
        switch device {
        case .none: break
        case .unpaired: built.caller.device = stranger
        case .badProof:
            built.caller.device = stranger
            built.caller.proofFailure = .signatureInvalid
        case .pairedNarrow: pair(ScopeSet(.read))
        case .pairedWide: pair(ScopeSet(.admin))
        case .pairedNode: pair(.none, role: .node)
        case .pairedPinned: pair(ScopeSet(.admin), platform: "darwin")
        case .revokedToken: pair(ScopeSet(.admin), token: nil)
        case .child, .revokedChild, .endedChild, .expiredChild, .narrowChild:
            built.isDerived = true
            let scopes = device == .narrowChild ? ScopeSet(.read) : ScopeSet(.read, .write)
            built.ceiling = scopes
            let child = try built.world.spawn(
                "c1", scopes: scopes, expiresAtMs: world.nowMs + (device == .expiredChild ? -60_001 : 60_000),
                runToken: "run")
            built.caller.device = child
            if device == .revokedChild { _ = built.world.state.lineage.revoke(deviceID: child.deviceID, nowMs: 0) }
            if device == .endedChild { _ = built.world.state.lineage.end(runID: "c1", nowMs: 0) }
        case .presented, .forged:
            built.isDerived = true
            built.ceiling = ScopeSet(.read)
            let chain = try GrantChain(world: world, length: 2, scopes: ScopeSet(.read))
            built.caller.device = chain.leaf
            built.caller.grants = device == .forged ? chain.forged(1, by: stranger) : chain.texts
        }
        let isPassword = world.policy.authMode == .password
        switch secret {
        case .shared: built.caller.auth = .init(token: isPassword ? World.password : World.token)
        case .wrong: built.caller.auth = .init(token: "wrong")
        case .missing: built.caller.auth = .init()
        case .deviceToken: built.caller.auth = .init(deviceToken: "device")
        case .runToken: built.caller.auth = .init(token: "run")
        case .foreignRunToken: built.caller.auth = .init(token: "foreign-run")
        case .enrolmentToken: built.caller.auth = .init(bootstrapToken: "enrolment")
        }
        built.hasCredential = secret != .wrong && secret != .missing && secret != .foreignRunToken
        return built
    }

    static let callers: [Caller] = {
        let bases: [Caller] = [.cli(), .backend(), .tui(), .app(), .controlUI(), .webchat(), .sdk(), .node()]
        let asks = [[], ["operator.read", "operator.write"], ["operator.admin"], ["operator.read", "canvas"]]
        return bases.flatMap { base in
            base.role == .node ? [base, base.with(scopes: asks[1])] : asks.map { base.with(scopes: $0) }
        }
    }()

    static let transports: [TransportFacts] = {
        let places: [TransportFacts] = [.local, .remote, .forwarded, fromProxy]
        return places.flatMap { facts in
            var foreign = facts
            foreign.origin = "https://evil.example"
            return [facts, Caller.cli().from(facts).ownPage().facts, foreign]
        }
    }()

    static func world(_ mode: AdmissionPolicy.AuthMode, _ setting: Setting) throws -> World {
        var world = try World()
        world.use(mode)
        if mode == .trustedProxy {
            world.policy.identity = ProxyIdentityPolicy(userHeader: "x-forwarded-user", hasTrustedProxies: true)
        }
        switch setting {
        case .usual: break
        case .noAutoApprove: world.policy.autoApproveLocal = false
        case .loopbackExempt: world.policy.loopbackExempt = true
        case .pairingOff: world.policy.enforcePairing = false
        case .externalOff: world.policy.requireForExternal = false
        case .bypassOff: world.policy.internalSpawnBypass = false
        case .lockedOut:
            for client in ["172.18.0.3", "browser-origin:https://evil.example"] {
                let guesses = (0..<10).map { World.digest("guess \($0)") }
                _ = world.state.limiter.failed(client, digests: guesses, nowMs: world.nowMs)
            }
        }
        return world
    }

    static let modesAndSettings: [(AdmissionPolicy.AuthMode, Setting)] =
        AdmissionPolicy.AuthMode.allCases.flatMap { mode in Setting.allCases.map { (mode, $0) } }

    /// What an identity proxy sends.
    static let fromProxy = TransportFacts(
        isDirectLocal: false, hasForwardingHeaders: true, peerIsTrustedProxy: true,
        headers: ["x-forwarded-user": "ana@example.com"], peer: "10.0.0.2", clientAddress: "203.0.113.9",
        host: "gw.example")

    @Test("more than 20,000 combinations, in all, keep the promises", arguments: modesAndSettings)
    func promises(_ mode: AdmissionPolicy.AuthMode, _ setting: Setting) throws {
        let world = try Self.world(mode, setting)
        var broken: [String] = []
        var count = 0
        for (deviceNumber, device) in DeviceState.allCases.enumerated() {
            for (secretNumber, secret) in Secret.allCases.enumerated() {
                let state = try Self.build(world, device, secret)
                // A fixed thinning: each pair of device and secret meets other clients and transports.
                for number in 0..<(Self.callers.count * Self.transports.count)
                where (number + deviceNumber + 3 * secretNumber) % 31 == 0 {
                    let built = state.calling(
                        as: Self.callers[number / Self.transports.count],
                        from: Self.transports[number % Self.transports.count])
                    let decision = built.world.decide(built.caller)
                    count += 1
                    let faults =
                        Self.faults(decision, built) + Self.hostFaults(decision, built)
                        + Self.credentialFaults(decision, built, mode: mode)
                        + Self.childFaults(decision, built, device, secret)
                    broken += faults.map {
                        "\($0): \(device) \(secret) \(built.caller.clientID) \(built.caller.role) "
                            + "\(built.caller.scopes) \(built.caller.facts): \(decision.summary)"
                    }
                }
            }
        }
        #expect(28 * count > 20_000, "\(count) of \(Self.modesAndSettings.count) parts")
        #expect(broken.isEmpty, "\(broken.count) of \(count): \(broken.prefix(4).joined(separator: "\n"))")
    }

    /// What holds of a single decision.
    static func faults(_ decision: Decision, _ built: Case) -> [String] {
        var faults: [String] = []
        func check(_ holds: Bool, _ what: String) { if !holds { faults.append(what) } }
        let asked = ScopeSet(built.caller.scopes)
        let pairing = decision.changeKinds.filter { $0 != .presentSpawns && $0 != .renewGrant }
        switch decision.outcome {
        case .refused(let refusal, let changes):
            check(refusal.hasRemedy, "no remedy")
            check(!refusal.error.message.isEmpty && refusal.error.details["code"] != nil, "no code")
            check(refusal.close.code == 1008 && refusal.close.reason.utf8.count <= 120, "close frame")
            check(decision.trace.last?.verdict == .refused, "the walk does not end at the refusal")
            let isPairing = refusal.error.details["code"] == "PAIRING_REQUIRED"
            check(decision.changeKinds == (isPairing ? [.requestPairing] : []), "changes \(changes)")
            if isPairing {
                check(
                    refusal.error.details["requestId"]?.string == decision.pendingRequest?.requestID,
                    "unknown request id")
                check(refusal.close.reason.hasPrefix("pairing required: "), "close reason")
            }
        case .admitted(let admitted, _):
            check(asked.covers(admitted.scopes), "more than asked for")
            if let ceiling = built.ceiling, admitted.lineage != nil {
                check(ceiling.covers(admitted.scopes), "more than the grant")
            }
            check((admitted.deviceID == nil) == (built.caller.device == nil), "another device")
            check(admitted.role == built.caller.role, "another role")
            check(!decision.trace.contains { $0.verdict == .refused }, "a refusal on the way")
            if let id = admitted.deviceID, admitted.lineage == nil, pairing.isEmpty,
                let record = built.world.state.pairing.devices[id], built.world.policy.enforcePairing,
                built.world.policy.requireForExternal, !built.world.policy.loopbackExempt
            {
                check(record.approvedScopes.covers(admitted.scopes), "more than approved")
                check(record.isEffective(admitted.role), "a role that is not approved")
            }
        }
        if built.isDerived, built.world.policy.internalSpawnBypass {
            check(pairing.isEmpty, "a derived device reaches the pairing store")
        }
        return faults
    }

    /// A live child with a credential of its line gets in, whatever mode, setting, place or lockout.
    static func childFaults(_ decision: Decision, _ built: Case, _ device: DeviceState, _ secret: Secret) -> [String] {
        let isLive = device == .child || device == .narrowChild
        guard isLive, built.world.policy.internalSpawnBypass, built.caller.role == .operator,
            decision.refusal?.error.details["code"] != "CONTROL_UI_ORIGIN_NOT_ALLOWED",
            secret == .runToken || (secret == .shared && built.world.policy.authMode == .token)
        else { return [] }
        return decision.admitted == nil ? ["a live child is kept out"] : []
    }

    /// No outcome depends on `Host` unless there is an `Origin`.
    static func hostFaults(_ decision: Decision, _ built: Case) -> [String] {
        guard built.caller.facts.origin == nil else { return [] }
        return [nil, "localhost:18789", "evil.example"].compactMap { host in
            let other = built.world.decide(built.caller.with { $0.facts.host = host })
            let isSame =
                other.admitted == decision.admitted && other.refusal == decision.refusal
                && other.changes == decision.changes && other.trace == decision.trace
            return isSame ? nil : "Host \(host ?? "-") matters"
        }
    }

    /// Without a credential nobody gets in, but where the owner asks for none.
    static func credentialFaults(_ decision: Decision, _ built: Case, mode: AdmissionPolicy.AuthMode) -> [String] {
        guard let admitted = decision.admitted else { return [] }
        var faults: [String] = []
        // In that mode what the proxy says is the credential.
        let isVouchedFor = mode == .trustedProxy && built.caller.facts.peerIsTrustedProxy && built.ceiling == nil
        if mode != .none, !built.hasCredential, !isVouchedFor { faults.append("admitted without a credential") }
        if mode != .none, admitted.method == .none { faults.append("method none") }
        if built.caller.proofFailure != nil, admitted.deviceID != nil { faults.append("admitted without a proof") }
        if built.caller.facts.origin == "https://evil.example" { faults.append("admitted from a foreign page") }
        return faults
    }

    @Test("rules are walked in the documented order")
    func traceOrder() throws {
        let order = Dictionary(uniqueKeysWithValues: zip(AdmissionRule.allCases, 0...))
        for (mode, setting) in Self.modesAndSettings {
            let world = try Self.world(mode, setting)
            for device in DeviceState.allCases {
                for secret in [Secret.shared, .enrolmentToken] {
                    let state = try Self.build(world, device, secret)
                    for (number, transport) in Self.transports.enumerated() {
                        let caller = Self.callers[(number * 5 + 1) % Self.callers.count]
                        let built = state.calling(as: caller, from: transport)
                        let trace = built.world.decide(built.caller).trace
                        let ranks = trace.compactMap { order[$0.rule] }
                        #expect(ranks == ranks.sorted(), "\(trace.map(\.rule.rawValue))")
                        #expect(trace.first?.rule == .protocolWindow && trace.allSatisfy { !$0.fact.isEmpty })
                    }
                }
            }
        }
    }

    @Test("an upgrade that would be silent is not noted when another one refuses")
    func traceOfMixedUpgrade() throws {
        var world = try World()
        world.policy.autoApproveLocal = false
        let device = try World.stranger()
        world.pair(device, scopes: ScopeSet(.read), platform: "darwin")
        let decision = world.decide(.app(device))
        expectRefused(decision, .pairing("scope-upgrade"))
        #expect(!decision.trace.contains { $0.rule == .silentLocalUpgrade })
    }

    @Test("the walk of a decision fits on a line and names each rule by its word")
    func summary() throws {
        var world = try World()
        let child = try world.spawn()
        let summary = world.decide(.cli(child).from(.remote)).summary
        for word in ["derived-identity=passed", "lineage-credential=passed", "lineage-live=passed"] {
            #expect(summary.contains(word))
        }
        #expect(!summary.contains("\n"))
        let refused = world.decide(.cli(try World.stranger()).from(.remote)).summary
        #expect(refused.hasSuffix(")") && refused.contains("pairing=refused(not-paired"))
        #expect(!summary.contains(World.token) && !refused.contains(World.token), "no secret in a log")
    }
}
