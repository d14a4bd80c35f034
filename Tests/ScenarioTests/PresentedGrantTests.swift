import Client
import Crypto
import Foundation
import JSON
import Testing
import Trust
import Wire

/// Children that a trusted parent launches elsewhere: derived and signed offline, admitted by what they present.
struct PresentedGrantTests {
    private struct Stage {
        let surroundings: Surroundings
        let gateway: GatewayProcess
        let owner: GatewayClient
        let parent: CapturedSession
        let now = Int64(Date().timeIntervalSince1970)

        /// Options of a client outside, with the shared token.
        var outside: ConnectOptions { gateway.options(surroundings.address) }

        func finish() throws {
            owner.close()
            try gateway.stop()
        }
    }

    /// A gateway on a bridge address with one running sub-agent.
    private static func stage(_ name: String) async throws -> Stage {
        let surroundings = Surroundings("spawn grants, \(name)")
        var configuration = GatewayConfiguration()
        configuration.gateway =
            "mode: \"local\", bind: \"lan\", tls: { enabled: true }, auth: { mode: \"token\", token: \"my-token\" }"
            + surroundings.gatewaySettings
        configuration.agents = [CapturedSession.agent(), .running("my-agent")]
        let gateway = try GatewayProcess(configuration.text, in: surroundings.namespace)
        let owner = try await gateway.owner()
        return Stage(
            surroundings: surroundings, gateway: gateway, owner: owner, parent: try CapturedSession.spawn(owner))
    }

    private static func expectRefusal(
        _ error: ClientError, code: String, reason: String? = nil, closeReason: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .refused(let body, let close, let text) = error else {
            Issue.record("not refused but \(error)", sourceLocation: sourceLocation)
            return
        }
        #expect(close == 1008, sourceLocation: sourceLocation)
        #expect(body.detailsCode == code, "\(body)", sourceLocation: sourceLocation)
        if let reason {
            #expect(
                (body.details["reason"] ?? body.details["authReason"])?.string == reason, "\(body)",
                sourceLocation: sourceLocation)
        }
        if let closeReason { #expect(text == closeReason, sourceLocation: sourceLocation) }
        #expect(
            body.details["remediationHint"]?.string?.isEmpty == false
                || body.details["recommendedNextStep"]?.string != nil, "no remedy in \(body)",
            sourceLocation: sourceLocation)
    }

    // MARK: - Let in

    @Test func aChildIsLetInByItsGrantAndIsASessionWithARun() async throws {
        try await scenario {
            let stage = try await Self.stage("let in")
            let child = try stage.parent.child(agent: "my-agent", nowSeconds: stage.now)
            // The parent shows that it may spawn from its own session: allowAgents is "*".
            let client = try await stage.surroundings.connectFromOutside(child.options(stage.outside))
            #expect(client.grantedScopes == ["operator.read", "operator.write"])
            let row = try #require(try stage.owner.session(child.grant.sessionKey))
            #expect(row["spawnedBy"]?.string == stage.parent.run.sessionKey)
            #expect(row["runId"]?.string == child.grant.spawnID)
            #expect(row["phase"]?.string == "running")
            #expect(row["spawnDepth"]?.integer == 2)
            let log = try stage.gateway.waitForLog("connected", "derived-identity", child.grant.sessionKey)
            #expect(log.contains("peer=\(stage.surroundings.strangerAddress) "), "\(log)")
            client.close()

            // A reconnect is the same device, the same session and the same run.
            let again = try await stage.surroundings.connectFromOutside(child.options(stage.outside))
            _ = try again.request(
                "run.complete",
                ["runId": .string(child.grant.spawnID), "status": "ok", "exitCode": 0, "text": "done elsewhere"])
            let result = try stage.owner.result(
                of: .init(sessionKey: child.grant.sessionKey, runID: child.grant.spawnID))
            #expect(result["text"]?.string == "done elsewhere")
            again.close()
            try stage.finish()
        }
    }

    @Test func aGrandchildIsLetInByTheWholeChain() async throws {
        try await scenario {
            let stage = try await Self.stage("chain")
            let child = try stage.parent.child(nowSeconds: stage.now)
            let childSession = CapturedSession(
                run: stage.parent.run, identity: child.identity, runToken: "", gatewayID: stage.parent.gatewayID,
                grants: [], depth: 2)
            let grandchild = try childSession.child(nowSeconds: stage.now)
            var options = try grandchild.options(stage.outside)
            let alone = try await stage.surroundings.refusalFromOutside(options)
            Self.expectRefusal(alone, code: "SPAWN_GRANT_REFUSED", reason: "unknown-issuer")
            options.grants = [child.text, grandchild.text]
            let client = try await stage.surroundings.connectFromOutside(options)
            #expect(try stage.owner.session(grandchild.grant.sessionKey)?["spawnDepth"]?.integer == 3)
            client.close()
            try stage.finish()
        }
    }

    // MARK: - Clamped

    @Test func connectIsClampedToTheGrantAndAMethodBeyondItIsForbidden() async throws {
        try await scenario {
            let stage = try await Self.stage("clamped")
            let child = try stage.parent.child(nowSeconds: stage.now) { $0.scopes = ScopeSet(.read) }
            var options = try child.options(stage.outside)
            options.scopes = ["operator.admin", "operator.write", "operator.read"]
            let client = try await stage.surroundings.connectFromOutside(options)
            #expect(client.grantedScopes == ["operator.read"])
            #expect(client.hello["auth"]?["scopes"]?.array?.compactMap(\.string) == ["operator.read"])
            _ = try client.request("sessions.list")
            for (method, scope) in [("sessions.spawn", "operator.write"), ("device.pair.list", "operator.pairing")] {
                do {
                    _ = try client.request(method, ["task": "x"])
                    Issue.record("\(method) was answered")
                } catch let error as ClientError {
                    #expect(error.body?.code == "FORBIDDEN" || error.body?.code == "INVALID_REQUEST", "\(error)")
                    #expect(error.body?.message == "missing scope: \(scope)")
                }
            }
            client.close()
            try stage.finish()
        }
    }

    // MARK: - Refused

    @Test func anUnknownDeviceWithTheTokenIsAskedToPair() async throws {
        try await scenario {
            let stage = try await Self.stage("unknown device")
            var options = stage.outside
            options.scopes = ["operator.read"]
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            let error = try await stage.surroundings.refusalFromOutside(options)
            let requestID = try #require(error.pairingRequestID)
            Self.expectRefusal(
                error, code: "PAIRING_REQUIRED", reason: "not-paired",
                closeReason: "pairing required: not-paired (requestId: \(requestID))")
            try stage.finish()
        }
    }

    @Test func aDerivedDeviceNeedsACredentialOfItsLineage() async throws {
        try await scenario {
            let stage = try await Self.stage("credentials")
            var options = stage.outside
            options.device = try stage.parent.device
            options.scopes = ["operator.read"]

            options.token = nil
            Self.expectRefusal(
                try await stage.surroundings.refusalFromOutside(options), code: "AUTH_TOKEN_MISSING",
                reason: "token_missing")
            options.token = "not-my-token"
            Self.expectRefusal(
                try await stage.surroundings.refusalFromOutside(options), code: "AUTH_TOKEN_MISMATCH",
                reason: "token_mismatch")
            // Valid, but another run's.
            let sibling = try CapturedSession.spawn(stage.owner)
            options.token = sibling.runToken
            Self.expectRefusal(
                try await stage.surroundings.refusalFromOutside(options), code: "AUTH_LINEAGE_CREDENTIAL",
                reason: "lineage_credential")
            if stage.surroundings.namespace != nil {
                var paired = stage.gateway.options(scopes: ["operator.read"])
                paired.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
                let client = try await stage.gateway.connect(paired)
                options.token = client.issuedDeviceToken
                client.close()
                Self.expectRefusal(
                    try await stage.surroundings.refusalFromOutside(options), code: "AUTH_LINEAGE_CREDENTIAL",
                    reason: "lineage_credential")
            }
            for token in ["my-token", stage.parent.runToken] {
                options.token = token
                let client = try await stage.surroundings.connectFromOutside(options)
                client.close()
            }
            try stage.finish()
        }
    }

    @Test func aRunTokenIsWorthNothingWithAKeyOfOnesOwn() async throws {
        try await scenario {
            let stage = try await Self.stage("run token")
            var options = stage.outside
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            options.token = stage.parent.runToken
            options.scopes = ["operator.read"]
            Self.expectRefusal(
                try await stage.surroundings.refusalFromOutside(options), code: "AUTH_LINEAGE_CREDENTIAL",
                reason: "lineage_credential")
            // Nor without any, on loopback, where the shared token would do.
            var local = stage.gateway.options(token: stage.parent.runToken, scopes: ["operator.read"])
            local.device = nil
            let error = try await stage.gateway.refusal(of: local)
            #expect(error.body?.detailsCode == "AUTH_TOKEN_MISMATCH", "\(error)")
            try stage.finish()
        }
    }

    @Test func aGrantThatDoesNotHoldIsRefusedByTheFirstThingThatIsWrong() async throws {
        try await scenario {
            let stage = try await Self.stage("verdicts")
            let (parent, now) = (stage.parent, stage.now)
            var forged = try parent.child(nowSeconds: now)
            forged = PresentedChild(
                identity: forged.identity, grant: forged.grant,
                text: forged.grant.signed(by: try SigningIdentity(seed: SecureRandom.bytes(32))))
            let cases: [(String, PresentedChild)] = [
                ("bad-signature", forged),
                (
                    "expired",
                    try parent.child(nowSeconds: now) { grant in
                        grant.issuedAt = now - 7200
                        grant.notBefore = now - 7200
                        grant.expiresAt = now - 3600
                    }
                ),
                ("not-yet-valid", try parent.child(nowSeconds: now) { $0.notBefore = now + 600 }),
                ("scope-escalation", try parent.child(nowSeconds: now) { $0.scopes = ScopeSet(.admin) }),
                (
                    "wrong-audience",
                    try parent.child(nowSeconds: now) { $0.audience = String(repeating: "ab", count: 32) }
                ),
                ("depth-mismatch", try parent.child(nowSeconds: now) { $0.depth = 1 }),
            ]
            for (verdict, child) in cases {
                let error = try await stage.surroundings.refusalFromOutside(child.options(stage.outside))
                Self.expectRefusal(
                    error, code: "SPAWN_GRANT_REFUSED", reason: verdict, closeReason: "spawn grant refused: \(verdict)")
                #expect(try stage.owner.session(child.grant.sessionKey) == nil)
            }
            // Somebody else's grant, with a key that it is not for.
            let stolen = try parent.child(nowSeconds: now)
            var options = try stolen.options(stage.outside)
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            Self.expectRefusal(
                try await stage.surroundings.refusalFromOutside(options), code: "SPAWN_GRANT_REFUSED",
                reason: "wrong-subject")
            try stage.finish()
        }
    }

    @Test func aGrantThatNamesAnExistingSessionIsRefused() async throws {
        try await scenario {
            let stage = try await Self.stage("existing session")
            let sibling = try CapturedSession.spawn(stage.owner)
            // The parent claims the session of its sibling: same key, same spawn id, own derivation.
            let child = try stage.parent.child(spawnID: sibling.run.runID, nowSeconds: stage.now)
            #expect(child.grant.sessionKey == sibling.run.sessionKey)
            let error = try await stage.surroundings.refusalFromOutside(child.options(stage.outside))
            Self.expectRefusal(error, code: "SPAWN_GRANT_REFUSED", reason: "jti-conflict")
            #expect(try stage.owner.session(sibling.run.sessionKey)?["phase"]?.string == "running")
            try stage.finish()
        }
    }

    @Test func removingTheParentClosesTheChildAtOnceAndForGood() async throws {
        try await scenario {
            let stage = try await Self.stage("revoked parent")
            let child = try stage.parent.child(nowSeconds: stage.now)
            let client = try await stage.surroundings.connectFromOutside(child.options(stage.outside))
            let started = ContinuousClock.now
            _ = try stage.owner.request(
                "device.pair.remove", ["deviceId": .string(stage.parent.identity.deviceID)])
            #expect(client.end(within: .seconds(10)) == .closed(code: 4001, reason: "device removed"))
            #expect(ContinuousClock.now - started < .seconds(3))

            let error = try await stage.surroundings.refusalFromOutside(child.options(stage.outside))
            Self.expectRefusal(error, code: "SPAWN_GRANT_REFUSED")
            let next = try stage.parent.child(nowSeconds: stage.now)
            Self.expectRefusal(
                try await stage.surroundings.refusalFromOutside(next.options(stage.outside)),
                code: "SPAWN_GRANT_REFUSED", reason: "issuer-revoked")
            // The parent's own run has ended truthfully.
            let result = try stage.owner.result(of: stage.parent.run)
            #expect(result["status"]?.string == "killed")
            try stage.finish()
        }
    }
}
