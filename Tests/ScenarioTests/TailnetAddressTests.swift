import Testing

/// `bind: "tailnet"` beside a daemon that has its address only after a while, as at the boot or in a sidecar.
struct TailnetAddressTests {
    private static let configuration = GatewayConfiguration(
        gateway: """
            mode: "local", bind: "tailnet", tls: { enabled: true }, auth: { mode: "token", token: "my-token" }
            """
    ).text

    @Test func aGatewayListensOnTheTailnetOnceItsAddressIsThere() async throws {
        guard let namespace = NetworkNamespace.make() else {
            print("skipped: a tailnet's address that comes late: no network namespace can be made here")
            return
        }
        try await scenario {
            #expect(namespace.removeTailnetAddress())
            let gateway = try GatewayProcess(Self.configuration, in: namespace)
            _ = try gateway.waitForLog("listening on loopback only")
            #expect(gateway.listeners.allSatisfy { $0.port == gateway.port })
            #expect(namespace.addTailnetAddress())
            let line = "listening wss://\(NetworkNamespace.tailnetAddress):\(gateway.port) "
            _ = try eventually("the gateway listens there too", within: .seconds(60)) {
                gateway.process.standardOutput.contains(line) ? true : nil
            }
            try gateway.stop()
        }
    }
}
