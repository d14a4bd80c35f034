import Client
import Crypto
import JSON
import Testing

/// Issue 30740: TLS with a generated certificate and its fingerprint, bind lan, token auth; a child that dials the
/// container's own address over wss.
struct Issue30740Tests {
    private static func configuration(
        fingerprint: String?, _ surroundings: Surroundings, child: String? = nil
    ) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        let pin = fingerprint.map { ", fingerprint: \"\($0)\"" } ?? ""
        configuration.gateway = """
            mode: "local", bind: "lan", tls: { enabled: true, autoGenerate: true\(pin) },
            auth: { mode: "token", token: "my-token" }\(surroundings.gatewaySettings)
            """
        configuration.subagents += child.map { ", gatewayUrl: \"\($0)\"" } ?? ""
        return configuration
    }

    @Test func theChildConnectsToTheBridgeAddressAndAStrangerIsAskedToPair() async throws {
        try await scenario {
            let surroundings = Surroundings("30740")
            // Its own port where nobody else can have it.
            let port = surroundings.namespace == nil ? "0" : "3000"
            let first = try GatewayProcess(
                Self.configuration(fingerprint: nil, surroundings).text, ["--port", port], in: surroundings.namespace)
            let pin = try #require(first.pin)
            let chosenPort = String(first.port)
            try first.stop()

            let configuration = Self.configuration(
                fingerprint: pin, surroundings, child: "wss://\(surroundings.address):\(chosenPort)")
            let gateway = try GatewayProcess(
                configuration.text, ["--port", chosenPort], in: surroundings.namespace, state: first.state)
            #expect(gateway.pin == pin)

            let owner = try await gateway.owner()
            let result = try owner.result(of: owner.spawn("echo over the bridge", agent: "my-agent"))
            #expect(result["text"]?.string == "over the bridge\n", "\(result)\n\(gateway.log)")
            let connected = try gateway.waitForLog("connected peer=", "client=gateway-client/backend")
            if surroundings.namespace != nil {
                #expect(connected.contains("peer=\(surroundings.address) "), "\(connected)")
            }

            var stranger = gateway.options(surroundings.address, scopes: ["operator.read"])
            stranger.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            let refusal = try await surroundings.refusalFromOutside(stranger)
            guard case .refused(let body, let code, let reason) = refusal else {
                Issue.record("not refused but \(refusal)")
                return
            }
            let requestID = try #require(refusal.pairingRequestID)
            #expect(code == 1008)
            #expect(reason == "pairing required: not-paired (requestId: \(requestID))")
            #expect(body.code == "NOT_PAIRED")
            #expect(body.detailsCode == "PAIRING_REQUIRED")
            #expect(body.details["requestId"]?.string == requestID)
            #expect(body.details["remediationHint"]?.string?.contains("devices approve \(requestID)") == true)

            try await Self.approve(requestID, gateway, owner)
            let admitted = try await surroundings.connectFromOutside(stranger)
            #expect(admitted.grantedScopes == ["operator.read"])
            #expect(try admitted.request("health")["ok"]?.bool == true)
            _ = try gateway.waitForLog("connected peer=\(surroundings.strangerAddress) client=cli/cli")
            admitted.close()
            owner.close()
            try gateway.stop()
        }
    }

    private static func approve(_ requestID: String, _ gateway: GatewayProcess, _ owner: GatewayClient) async throws {
        guard gateway.namespace != nil else {
            _ = try owner.request("device.pair.approve", ["requestId": .string(requestID)])
            return
        }
        let list = try gateway.cli.run("devices", "list")
        #expect(list.output.contains(requestID), "\(list)")
        let approve = try gateway.cli.run("devices", "approve", requestID)
        #expect(approve.exitCode == 0, "\(approve)")
        #expect(approve.output == "Approved \(requestID)\n")
    }

    @Test func aFingerprintThatDoesNotMatchStopsTheStartWithBothValues() async throws {
        try await scenario {
            let surroundings = Surroundings("30740 wrong fingerprint")
            let gateway = try GatewayProcess(
                Self.configuration(fingerprint: nil, surroundings).text, in: surroundings.namespace)
            let pin = try #require(gateway.pin)
            try gateway.stop()
            let wrong = String(repeating: "ab", count: 32)
            _ = try gateway.state.write("openclaw.json", Self.configuration(fingerprint: wrong, surroundings).text)
            let start = try gateway.cli.run("gateway", "run", "--port", "0")
            #expect(start.exitCode == 78)
            #expect(start.errors.contains(wrong))
            #expect(start.errors.contains(pin))
            #expect(start.errors.contains("gateway.tls.fingerprint"))
            #expect(start.output == "")
        }
    }

    /// Without TLS the plaintext rule stops the child's URL, as the report says; the reason names the remedy.
    @Test func plaintextBeyondLoopbackIsRefused() async throws {
        try await scenario {
            let surroundings = Surroundings("30740 plaintext")
            var configuration = Self.configuration(fingerprint: nil, surroundings)
            configuration.gateway =
                #"mode: "local", bind: "lan", tls: { enabled: false }, auth: { mode: "token", token: "my-token" }"#
            let gateway = try GatewayProcess(configuration.text, in: surroundings.namespace)
            let list = try gateway.cli.run(
                "sessions", "list", "--url", "ws://172.18.0.2:\(gateway.port)", "--token", "my-token")
            #expect(list.exitCode == 1)
            #expect(list.errors.contains("uses plaintext ws:// to a non-loopback address"), "\(list)")
            #expect(list.errors.contains("use wss://"))
            try gateway.stop()
        }
    }
}
