import Client
import Crypto
import JSON
import Testing

/// The 2026.4.8 report: `cli`/`cli`, role `operator`, on direct loopback, with a device made anew each time.
struct Report20260408Tests {
    private static func newcomer(_ gateway: GatewayProcess, token: String) throws -> ConnectOptions {
        var options = gateway.options(token: token, scopes: ["operator.read", "operator.write"])
        options.clientId = "cli"
        options.clientMode = "cli"
        options.role = "operator"
        options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
        return options
    }

    @Test(arguments: [["--port", "0"], ["--port", "0", "--no-tls"]])
    func aNewDeviceIsLetInEveryTimeWithTheTokenAndNeverWithoutIt(arguments: [String]) async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text, arguments)
            for _ in 0..<5 {
                let client = try await gateway.connect(Self.newcomer(gateway, token: "my-token"))
                #expect(client.grantedScopes == ["operator.read", "operator.write"])
                client.close()
                let refusal = try await gateway.refusal(of: Self.newcomer(gateway, token: "not-my-token"))
                #expect(refusal.body?.detailsCode == "AUTH_TOKEN_MISMATCH")
            }
            try gateway.stop()
            #expect(!gateway.log.contains("pairing required"))
        }
    }

    @Test(arguments: ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7"])
    func throughAForwarderOnTheSameHostItIsAskedToPair(field: String) async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text, ["--port", "0", "--no-tls"])
            let relay = try Relay(.adding(fields: field))
            defer { relay.stop() }
            relay.forward(to: gateway.port)
            var options = try Self.newcomer(gateway, token: "my-token")
            options.url = "ws://127.0.0.1:\(relay.port)"
            let refusal = try await gateway.refusal(of: options)
            #expect(refusal.body?.detailsCode == "PAIRING_REQUIRED")
            #expect(refusal.pairingRequestID != nil)
            #expect(
                refusal.body?.details["remediationHint"]?.string?.contains("gateway.trustedProxies: [\"127.0.0.1\"]")
                    == true)
            // The same device without the forwarder is as local as any.
            options.url = gateway.url()
            let client = try await gateway.connect(options)
            client.close()
            try gateway.stop()
        }
    }
}
