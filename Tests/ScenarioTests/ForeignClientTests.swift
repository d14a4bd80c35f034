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

    @Test
    func compressionIsAgreedOnWhereTheOwnerEnabledIt() async throws {
        try await scenario {
            guard Self.isAvailable() else { return }
            var configuration = GatewayConfiguration()
            configuration.gateway += ", compression: { enabled: true }"
            let gateway = try GatewayProcess(configuration.text, ["--port", "0", "--echo-path", "/echo"])
            let url = "wss://localhost:\(gateway.port)/"
            let echoes = try PythonPeer.run("compressed", url + "echo", gateway.certificatePath)
            #expect(echoes.code == 0, "\(echoes.errors)\n\(gateway.log)")
            let plain = "permessage-deflate; server_no_context_takeover"
            #expect(
                try JSONParser.parse(Array(echoes.output.utf8)) == [
                    .string(plain), .string(plain + "; client_no_context_takeover"),
                    .string(plain + "; server_max_window_bits=9; client_max_window_bits=9"),
                    .string(plain + "; server_max_window_bits=12"),
                ])
            let session = try PythonPeer.run("handshake", url, gateway.certificatePath, "my-token", "v3")
            #expect(session.code == 0, "\(session.errors)\n\(gateway.log)")
            let answer = try JSONParser.parse(Array(session.output.utf8))
            #expect(answer["extensions"]?.string == plain)
            #expect(answer["sessions"]?.array?.isEmpty == false)
            try gateway.stop()
        }
    }

    @Test
    func aMalformedOfferOfExtensionsIsRefusedAsSuch() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.gateway += ", compression: { enabled: true }"
            let gateway = try GatewayProcess(configuration.text, ["--port", "0"])
            let answer = try gateway.http(
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate;;\r\n\r\n"
            )
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(answer.contains("Sec-WebSocket-Extensions"))
            try gateway.stop()
        }
    }

    private static func isAvailable() -> Bool {
        guard let problem = PythonPeer.problem else { return true }
        print("foreign client: skipped, \(problem)")
        return false
    }
}
