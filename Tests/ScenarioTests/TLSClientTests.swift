import Agents
import Files
import Foundation
import Testing

/// TLS stacks that were not written here meet the generated certificate and our handshake.
struct TLSClientTests {
    private static let python = PythonEnvironment(
        "python-tls-clients", modules: ["curl_cffi", "pyreqwest", "cryptography"],
        requirements: ["curl_cffi==0.16.3", "pyreqwest==0.15.1", "cryptography"])

    /// The runner is silent on single cases that are skipped.
    private static func skip(_ client: String, _ reason: String) throws -> Never {
        print("TLS client \(client): skipped, \(reason)")
        try Test.cancel(Comment(rawValue: reason))
    }

    private static func gateway() throws -> GatewayProcess {
        try GatewayProcess(GatewayConfiguration().text, ["--port", "0", "--echo-path", "/echo"])
    }

    @Test(arguments: ["boringssl", "rustls", "x509"])
    func othersAcceptTheGeneratedCertificate(client: String) async throws {
        try await scenario {
            if let problem = Self.python.problem { try Self.skip(client, "no Python with such a client: \(problem)") }
            let gateway = try Self.gateway()
            let result = try Self.python.run(
                script: "tls_clients.py", [client, String(gateway.port), gateway.certificatePath])
            #expect(result.code == 0, "\(result.errors)\n\(gateway.log)")
            try gateway.stop()
        }
    }

    // MARK: - Programs of the system

    /// A shell command that asks for `/healthz`; in it are `$PORT`, `$CERTIFICATE`, `$REQUEST` (also its input) and a
    /// `$DIRECTORY` of its own.
    struct Asking: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let program: String
        let trusting: String
        let trustingNothing: String
    }

    static let asking = [
        Asking(
            testDescription: "GnuTLS", program: "gnutls-cli",
            trusting: "gnutls-cli --x509cafile $CERTIFICATE -p $PORT localhost",
            trustingNothing: "gnutls-cli --x509cafile /dev/null -p $PORT localhost"),
        // Firefox's library. It has no switch to trust a server's own certificate but its database.
        Asking(
            testDescription: "NSS", program: "tstclnt",
            trusting: """
                certutil -N -d $DIRECTORY --empty-password && certutil -A -d $DIRECTORY -n it -t P,, -i $CERTIFICATE &&
                tstclnt -h localhost -p $PORT -d $DIRECTORY -V tls1.2:tls1.3 -A $REQUEST
                """,
            trustingNothing: """
                certutil -N -d $DIRECTORY --empty-password && tstclnt -h localhost -p $PORT -d $DIRECTORY -V tls1.2:tls1.3 -A $REQUEST
                """),
        Asking(
            testDescription: "Node.js", program: "node",
            trusting: "NODE_EXTRA_CA_CERTS=$CERTIFICATE node -e \"$NODE_GET\"", trustingNothing: "node -e \"$NODE_GET\""
        ),
    ]

    @Test(arguments: asking)
    func programsOfTheSystemAcceptTheGeneratedCertificate(_ client: Asking) async throws {
        try await scenario {
            guard InstalledProgram.path(of: client.program) != nil else {
                try Self.skip(client.testDescription, "\(client.program) is not installed")
            }
            let gateway = try Self.gateway()
            #expect(try Self.ask(gateway, client.trusting).contains(#"{"ok":true,"status":"live"}"#))
            #expect(try !Self.ask(gateway, client.trustingNothing).contains("live"))
            try gateway.stop()
        }
    }

    private static func ask(_ gateway: GatewayProcess, _ script: String) throws -> String {
        let directory = try TemporaryDirectory()
        let input = try directory.write("request", Self.request)
        var environment = CommandLineTool.baseEnvironment
        environment["PORT"] = String(gateway.port)
        environment["CERTIFICATE"] = gateway.certificatePath
        environment["DIRECTORY"] = directory.path
        environment["REQUEST"] = input
        environment["NODE_GET"] = """
            require("https").get("https://localhost:\(gateway.port)/healthz", answer => answer.pipe(process.stdout))
            """
        // Its input has no end, as some stop there without waiting for the answer; they end with the connection.
        let command = """
            mkfifo $DIRECTORY/in && exec 3<>$DIRECTORY/in && cat $REQUEST >&3 && timeout 20 sh -c "$SCRIPT" <&3
            """
        environment["SCRIPT"] = script
        let process = try RunningProcess(
            ["/bin/sh", "-c", command], environment: environment, outputs: directory.path)
        _ = try process.wait(within: .seconds(40))
        return process.standardOutput + process.standardError
    }

    // MARK: - OpenSSL

    private static let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    /// What `openssl s_client` says of a connection that lasts until the gateway closes it.
    private static func openSSL(_ gateway: GatewayProcess, _ options: String..., input: String = request) throws
        -> String
    {
        let directory = try TemporaryDirectory()
        let file = try directory.write("input", input)
        let command =
            "exec openssl s_client -connect localhost:\(gateway.port) -servername localhost -ign_eof "
            + options.joined(separator: " ") + " <\(file)"
        let process = try RunningProcess(
            ["/bin/sh", "-c", command], environment: CommandLineTool.baseEnvironment, outputs: directory.path)
        _ = try process.wait(within: .seconds(30))
        let output = process.standardOutput + process.standardError
        if output.contains("openssl: not found") { try Test.cancel("there is no openssl") }
        return output
    }

    @Test(arguments: [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3"), ("", "TLSv1.3")])
    func openSSLConnectsAndFindsNeitherCompressionNorEarlyData(option: String, version: String) async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let output = try Self.openSSL(
                gateway, option, "-CAfile", gateway.certificatePath, "-verify_return_error -verify_hostname localhost",
                "-x509_strict")
            #expect(output.contains("Verify return code: 0 (ok)"), "\(output)")
            #expect(output.contains("New, \(version), Cipher is "), "\(output)")
            #expect(output.contains("\nCompression: NONE"), "\(output)")
            #expect(output.contains(#"{"ok":true,"status":"live"}"#), "\(output)")
            if version == "TLSv1.3" { #expect(output.contains("Max Early Data: 0"), "\(output)") }
            let stranger = try Self.openSSL(gateway, option, "-verify_return_error")
            #expect(stranger.contains("self-signed certificate"), "\(stranger)")
            #expect(!stranger.contains(#""ok":true"#), "\(stranger)")
            try gateway.stop()
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func aTicketResumesWhicheverReactorTakesTheConnection(version: String) async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let directory = try TemporaryDirectory()
            let session = directory.path + "/session"
            let first = try Self.openSSL(gateway, version, "-sess_out", session)
            #expect(first.contains("\nNew, "), "\(first)")
            // Held open, so that the connections spread over the reactors.
            var held: [WebSocketPeer] = []
            for _ in 0..<8 {
                held.append(try WebSocketPeer(gateway))
                let next = try Self.openSSL(gateway, version, "-sess_in", session)
                #expect(next.contains("\nReused, "), "\(next)")
                #expect(next.contains(#""ok":true"#), "\(next)")
            }
            withExtendedLifetime(held) {}
            try gateway.stop()
        }
    }

    // MARK: - Go

    @Test func caddyReachesTheGatewayOverItsPinnedCertificate() async throws {
        try await scenario {
            guard let caddy = InstalledProgram.path(of: "caddy") else {
                try Test.cancel("caddy, for Go's TLS, is not installed")
            }
            let gateway = try Self.gateway()
            let (right, wrong) = (try TemporaryDirectory(), try TemporaryDirectory())
            let stranger = try Self.gateway()
            let proxy = try Self.start(caddy, right, gateway, trusting: gateway.certificatePath)
            let answer = try Self.get(right)
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)\n\(proxy.standardError)")
            #expect(answer.contains(#"{"ok":true,"status":"live"}"#), "\(answer)")
            // Another gateway's certificate has the same names, but another key.
            let refused = try Self.start(caddy, wrong, gateway, trusting: stranger.certificatePath)
            let refusal = try Self.get(wrong)
            #expect(refusal.hasPrefix("HTTP/1.1 502 "), "\(refusal)")
            #expect(refused.standardError.contains("x509: "), "\(refused.standardError)")
            for process in [proxy, refused] {
                process.child.signal(SIGTERM)
                _ = try process.wait(within: .seconds(15))
            }
            try stranger.stop()
            try gateway.stop()
        }
    }

    /// A Caddy that listens on a socket in `directory` only.
    private static func start(
        _ caddy: String, _ directory: TemporaryDirectory, _ gateway: GatewayProcess, trusting certificate: String
    ) throws -> RunningProcess {
        let file = try directory.write(
            "Caddyfile",
            """
            {
                admin off
                auto_https off
                storage file_system \(directory.path)/storage
            }
            http:// {
                bind unix/\(directory.path)/caddy.sock
                reverse_proxy https://127.0.0.1:\(gateway.port) {
                    transport http {
                        tls_trusted_ca_certs \(certificate)
                        tls_server_name localhost
                    }
                }
            }
            """)
        var environment = CommandLineTool.baseEnvironment
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] { environment[name] = directory.path }
        let process = try RunningProcess(
            [caddy, "run", "--config", file, "--adapter", "caddyfile"], environment: environment,
            outputs: directory.path)
        try eventually("Caddy listens\n\(process.standardError)") {
            if let status = process.child.peek() { throw Unexpected("Caddy: \(status)\n\(process.standardError)") }
            return Files.exists(directory.path + "/caddy.sock")
        }
        return process
    }

    /// Asks the Caddy of a directory for the gateway's health.
    private static func get(_ directory: TemporaryDirectory) throws -> String {
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
            s.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            data = b""
            while part := s.recv(65536): data += part
            sys.stdout.write(data.decode())
            """
        let process = try RunningProcess(
            ["python3", "-c", script, directory.path + "/caddy.sock"], environment: CommandLineTool.baseEnvironment,
            outputs: directory.path)
        _ = try process.wait(within: .seconds(30))
        return process.standardOutput + process.standardError
    }
}
