import Client
import Files
import Foundation
import JSON
import TLS
import Testing

/// `gateway.tls.caPath`: clients on other hosts show a certificate, children of the gateway need none.
struct ClientCertificateTests {
    /// Files of an authority and of clients, made by openssl(1).
    private struct Authority {
        let directory: TemporaryDirectory

        init() throws {
            directory = try TemporaryDirectory()
            let script = """
                cd \(directory.path) || exit 1
                new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$1 "${@:2}"; }
                for ca in ours theirs; do new $ca -x509 -days 30 -out $ca.pem || exit 1; done
                echo extendedKeyUsage=clientAuth >usage
                issue() {
                    new $1 -out $1.csr && openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial \\
                        -out $1.pem -days $3 -extfile usage
                }
                issue right ours 30 && issue expired ours -1 && issue stranger theirs 30
                """
            let process = try RunningProcess(
                ["/bin/bash", "-c", script], environment: CommandLineTool.baseEnvironment, outputs: directory.path)
            let code = try process.wait(within: .seconds(30))
            guard code == 0 else { throw Unexpected("openssl: \(process.standardError)") }
        }

        func identity(_ name: String?) throws -> ClientIdentity? {
            guard let name else { return nil }
            return try ClientIdentity(
                certificatePath: "\(directory.path)/\(name).pem", keyPath: "\(directory.path)/\(name).key")
        }
    }

    static let hasOpenSSL = ["/usr/bin/openssl", "/bin/openssl", "/usr/local/bin/openssl"].contains { Files.exists($0) }

    private static func configuration(
        _ authority: Authority, _ surroundings: Surroundings, _ more: String = "", child: String? = nil
    ) -> String {
        var configuration = GatewayConfiguration()
        configuration.agents = [.running("main")]
        // Whoever has the token is let in behind that door.
        configuration.gateway = """
            mode: "local", bind: "lan", auth: { mode: "token", token: "my-token" },
            security: { enforcePairing: false },
            tls: { enabled: true, caPath: "\(authority.directory.path)/ours.pem"\(more) }\(surroundings.gatewaySettings)
            """
        if let child { configuration.subagents = "gatewayUrl: \"\(child)\"" }
        return configuration.text
    }

    @Test(.enabled(if: hasOpenSSL, "openssl(1) is not installed"))
    func onlyTheRightCertificateLetsClientsInFromElsewhere() async throws {
        try await scenario {
            let surroundings = Surroundings("client certificates")
            guard surroundings.namespace != nil else {
                print("client certificates from elsewhere: skipped, no network namespace can be made here")
                return
            }
            let authority = try Authority()
            let gateway = try GatewayProcess(
                Self.configuration(authority, surroundings), in: surroundings.namespace)
            func refusal(_ name: String?) async throws -> ClientError {
                var options = gateway.options(surroundings.address)
                options.identity = try authority.identity(name)
                return try await surroundings.refusalFromOutside(options)
            }
            for (name, reason) in [
                (nil, "it asks for one"), ("expired", "expired"), ("stranger", "of an unknown authority"),
            ] as [(String?, String)] {
                #expect(try await refusal(name) == .tls(.clientCertificateRefused(reason: reason)))
            }
            // More like it, from the same peer, may be summed up.
            _ = try gateway.waitForLog(
                surroundings.strangerAddress, "client showed no certificate", "gateway.tls.caPath asks clients")
            var options = gateway.options(surroundings.address)
            options.identity = try authority.identity("right")
            try await surroundings.connectFromOutside(options).close()
            // On the gateway's own host nobody needs one, at whatever address.
            for address in ["127.0.0.1", surroundings.address] {
                let client = try await gateway.connect(gateway.options(address, scopes: ["operator.read"]))
                client.close()
            }
            try gateway.stop()
        }
    }

    @Test(.enabled(if: hasOpenSSL, "openssl(1) is not installed"))
    func childrenComeBackWithoutOneAtLoopbackAndAtTheGatewaysOwnAddress() async throws {
        try await scenario {
            let surroundings = Surroundings("client certificates and children")
            let authority = try Authority()
            let first = try GatewayProcess(Self.configuration(authority, surroundings), in: surroundings.namespace)
            let port = first.port
            for url in [nil, "wss://\(surroundings.address):\(port)"] {
                if url != nil { try first.stop() }
                let gateway =
                    url == nil
                    ? first
                    : try GatewayProcess(
                        Self.configuration(authority, surroundings, child: url), ["--port", String(port)],
                        in: surroundings.namespace, state: first.state)
                let owner = try await gateway.owner()
                let run = try owner.spawn("echo here")
                #expect(try owner.result(of: run)["text"]?.string == "here\n", "\(gateway.log)")
                owner.close()
                if url != nil { try gateway.stop() }
            }
        }
    }

    @Test(.enabled(if: hasOpenSSL, "openssl(1) is not installed"))
    func anOptionalOneMayBeLeftOutButNotBeWrong() async throws {
        try await scenario {
            let surroundings = Surroundings("optional client certificates")
            let authority = try Authority()
            let gateway = try GatewayProcess(
                Self.configuration(authority, surroundings, ", clientCertificate: \"optional\""),
                in: surroundings.namespace)
            for name in [nil, "right"] {
                var options = gateway.options(surroundings.address)
                options.identity = try authority.identity(name)
                try await surroundings.connectFromOutside(options).close()
            }
            var options = gateway.options(surroundings.address)
            options.identity = try authority.identity("expired")
            let error = try await surroundings.refusalFromOutside(options)
            #expect(error == .tls(.clientCertificateRefused(reason: "expired")))
            // The command line shows one as well.
            let files = authority.directory.path
            let listed = try gateway.cli.run(
                "sessions", "list", "--url", gateway.url(), "--token", "my-token", "--tls-fingerprint",
                try #require(gateway.pin), "--client-cert", files + "/right.pem", "--client-key", files + "/right.key")
            #expect(listed.exitCode == 0, "\(listed)")
            let wrong = try gateway.cli.run(
                "sessions", "list", "--url", gateway.url(), "--token", "my-token", "--tls-fingerprint",
                try #require(gateway.pin), "--client-cert", files + "/expired.pem", "--client-key",
                files + "/expired.key")
            #expect(wrong.exitCode == 1 && wrong.errors.contains("does not take our client certificate (expired)"))
            #expect(wrong.errors.contains("hint: pass a certificate that the gateway's gateway.tls.caPath vouches for"))
            try gateway.stop()
        }
    }
}
