import JSON
import Testing

/// A client that was not written here: Python's `websockets`, with `cryptography` for the device.
struct ForeignClientTests {
    @Test(arguments: ["v2", "v3"])
    func itConnectsAndListsSessionsWithTheCertificateAsItsAuthority(signature: String) async throws {
        try await scenario {
            guard Self.isAvailable() else { return }
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let result = try PythonPeer.run(
                "handshake", "wss://localhost:\(gateway.port)/", gateway.certificatePath, "my-token", signature)
            #expect(result.code == 0, "\(result.errors)\n\(gateway.log)")
            let answer = try JSONParser.parse(Array(result.output.utf8))
            #expect(answer["protocol"]?.integer == (signature == "v2" ? 3 : 4))
            #expect(answer["scopes"] == ["operator.read"])
            #expect(answer["sessions"]?.array?.isEmpty == false)
            let wrong = try PythonPeer.run(
                "handshake", "wss://127.0.0.1:\(gateway.port)/any/path", gateway.certificatePath, "wrong", signature)
            #expect(wrong.code == 1)
            #expect(wrong.errors.contains("AUTH_TOKEN_MISMATCH"), "\(wrong.errors)")
            try gateway.stop()
        }
    }

    @Test(arguments: [[], ["--no-tls"]])
    func itsMessagesComeBackFromTheEchoPathAndCompressionIsDeclined(flags: [String]) async throws {
        try await scenario {
            guard Self.isAvailable() else { return }
            let gateway = try GatewayProcess(
                GatewayConfiguration().text, ["--port", "0", "--echo-path", "/echo"] + flags)
            let result = try PythonPeer.run(
                "echo", "\(gateway.scheme)://localhost:\(gateway.port)/echo", gateway.certificatePath)
            #expect(result.code == 0, "\(result.errors)\n\(gateway.log)")
            #expect(try JSONParser.parse(Array(result.output.utf8)) == ["extensions": nil])
            try gateway.stop()
        }
    }

    private static func isAvailable() -> Bool {
        guard let problem = PythonPeer.problem else { return true }
        print("foreign client: skipped, \(problem)")
        return false
    }
}
