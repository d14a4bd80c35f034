import Agents
import Client
import Files
import Foundation
import TLS
import Testing

/// The dialer behind HTTP proxies that other people wrote.
struct ForeignProxyTests {
    enum Program: String, CaseIterable, CustomTestStringConvertible {
        case tinyproxy, squid

        var testDescription: String { rawValue }

        var path: String? {
            ["/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"].map { $0 + rawValue }
                .first { Files.exists($0) }
        }

        static var installed: [Program] { allCases.filter { $0.path != nil } }

        func command(port: UInt16, _ directory: TemporaryDirectory) throws -> [String] {
            switch self {
            case .tinyproxy:
                let file = try directory.write(
                    "tinyproxy.conf",
                    "Port \(port)\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nLogLevel Info\nBasicAuth user word\n")
                return [path ?? rawValue, "-d", "-c", file]
            case .squid:
                let file = try directory.write(
                    "squid.conf",
                    """
                    http_port 127.0.0.1:\(port)
                    http_access allow all
                    cache deny all
                    pid_filename \(directory.path)/squid.pid
                    access_log none
                    cache_log /dev/stderr
                    coredump_dir \(directory.path)
                    """)
                return [path ?? rawValue, "-N", "-f", file]
            }
        }
    }

    @Test(
        .enabled(if: !Program.installed.isEmpty, "neither tinyproxy nor squid is installed"),
        arguments: Program.installed)
    func theCommandLineReachesTheGatewayThroughIt(_ program: Program) async throws {
        try await scenario {
            guard let namespace = NetworkNamespace.make() else {
                print("\(program): skipped, no network namespace can be made here")
                return
            }
            var configuration = GatewayConfiguration()
            // Whoever has the token is let in; it is the way there that matters.
            configuration.gateway =
                configuration.gateway.replacing("\"loopback\"", with: "\"lan\"")
                + ", security: { enforcePairing: false }"
            let gateway = try GatewayProcess(configuration.text, in: namespace)
            let directory = try TemporaryDirectory()
            let port = try StablePort.take()
            // Beside the gateway, so that an address which is no loopback leads to it.
            let proxy = try RunningProcess(
                try program.command(port: port, directory), environment: CommandLineTool.baseEnvironment,
                outputs: directory.path, namespace: namespace)
            defer {
                proxy.child.signal(SIGKILL)
                _ = try? proxy.wait(within: .seconds(5))
            }
            let arguments = [
                "sessions", "list", "--url", gateway.url(NetworkNamespace.bridgeAddress), "--token", "my-token",
                "--tls-fingerprint", try #require(gateway.pin), "--timeout", "20000",
            ]
            var cli = gateway.cli
            cli.environment = ["HTTPS_PROXY": "http://user:word@127.0.0.1:\(port)"]
            let through = try eventually("the proxy answers") { () -> CommandLineTool.Result? in
                if let status = proxy.child.peek() {
                    throw Unexpected("\(program) ended with \(status): \(proxy.standardError)\(proxy.standardOutput)")
                }
                let outcome = try cli.run(arguments)
                return outcome.errors.contains("Connection refused") ? nil : outcome
            }
            #expect(through.exitCode == 0, "\(through)\n\(proxy.standardError)")
            // The way through the proxy was the one that was taken.
            if program == .tinyproxy {
                cli.environment = ["HTTPS_PROXY": "http://user:wrong@127.0.0.1:\(port)"]
                let refused = try cli.run(arguments)
                #expect(refused.exitCode == 1 && refused.errors.contains("proxy 127.0.0.1:\(port) does not connect"))
            }
            cli.environment = ["HTTPS_PROXY": "http://127.0.0.1:1"]
            #expect(try cli.run(arguments).errors.contains("proxy 127.0.0.1:1: Connection refused"))
            cli.environment["NO_PROXY"] = "172.16.0.0/12"
            #expect(try cli.run(arguments).exitCode == 0)
            try gateway.stop()
        }
    }
}
