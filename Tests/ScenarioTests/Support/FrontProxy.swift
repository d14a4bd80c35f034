import Agents
import EventLoop
import Files
import Foundation
import TLS

/// A real proxy in front of a gateway, with a file of deploy/: what people copy is what is tested.
final class FrontProxy {
    enum Program: String, Sendable {
        case caddy, nginx, haproxy

        var suffix: String {
            switch self {
            case .caddy: "caddyfile"
            case .nginx: "conf"
            case .haproxy: "cfg"
            }
        }

        /// Where it is installed. `SALLYPORT_TEST_CADDY` may name another Caddy.
        var paths: [String] {
            var paths = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].map { "\($0)/\(rawValue)" }
            if self == .caddy, let other = ProcessInfo.processInfo.environment["SALLYPORT_TEST_CADDY"] {
                paths.append(other)
            }
            return paths.filter(Files.exists)
        }
    }

    let address: String
    let port: UInt16
    /// Of the certificate that clients of the proxy see; nil where they see the gateway's.
    let pin: String?
    private let directory: TemporaryDirectory
    private let executable: String
    private let process: RunningProcess
    private let configuration: String

    /// - Parameters:
    ///   - name: of the file, such as `wss`.
    ///   - replacing: what the file says, and what stands there instead.
    init(
        _ program: Program, at executable: String, file name: String, gateway: GatewayProcess, address: String,
        passesTLS: Bool, replacing: [(String, String)]
    ) throws {
        self.address = address
        self.executable = executable
        let directory = try TemporaryDirectory()
        self.directory = directory
        port = try StablePort.take()
        let certificate = try Self.makeCertificate(in: directory, for: address)
        pin = passesTLS ? nil : certificate.pin
        var text = try Self.file(program, name)
        for (written, used) in replacing { text = text.replacing(written, with: used) }
        for file in ["/etc/caddy", "/etc/nginx", "/etc/haproxy"] {
            text = text.replacing("\(file)/sallyport.pem", with: gateway.certificatePath)
                .replacing("\(file)/gateway.pem", with: directory.path + "/front.pem")
                .replacing("\(file)/gateway.key", with: directory.path + "/front.key")
        }
        text = Self.complete(text, program, directory.path, listensOn: "\(address):\(port)")
        configuration = try directory.write("configuration", text)
        process = try RunningProcess(
            [executable] + Self.arguments(program, configuration, directory.path),
            environment: Self.environment(directory.path), outputs: directory.path, namespace: gateway.namespace)
    }

    var log: String { process.standardOutput + process.standardError + contents(of: directory.path + "/error.log") }
    var socket: SocketAddress? { SocketAddress(literal: address, port: port) }
    var pid: Int32 { process.child.pid }

    func stop() throws {
        process.child.signal(SIGTERM)
        _ = try process.wait(within: .seconds(10))
    }

    /// Makes Caddy take its configuration once more, as after a change.
    func reload(in namespace: NetworkNamespace?) throws {
        let reload = try RunningProcess(
            [
                executable, "reload", "--force", "--adapter", "caddyfile", "--config", configuration, "--address",
                "unix/\(directory.path)/admin.sock",
            ], environment: Self.environment(directory.path), outputs: directory.path, namespace: namespace)
        let code = try reload.wait(within: .seconds(20))
        guard code == 0 else { throw Unexpected("caddy reload: \(reload.standardError)") }
    }

    /// `2.6.2` of a Caddy, as numbers.
    static func caddyVersion(_ executable: String) throws -> [Int] {
        let outputs = try TemporaryDirectory()
        let process = try RunningProcess(
            [executable, "version"], environment: environment(outputs.path), outputs: outputs.path)
        _ = try process.wait(within: .seconds(10))
        let word = process.standardOutput.split(whereSeparator: \.isWhitespace).first ?? ""
        return word.drop { !$0.isNumber }.split(separator: ".").compactMap { Int($0) }
    }

    // MARK: - Configuration

    private static func file(_ program: Program, _ name: String) throws -> String {
        // Support, ScenarioTests, Tests, the repository.
        let repository = (0..<4).reduce(#filePath) { path, _ in Files.parent(of: path) }
        let path = "\(repository)/deploy/\(program.rawValue)/\(name).\(program.suffix)"
        guard Files.exists(path) else { throw Unexpected("there is no \(path)") }
        return contents(of: path)
    }

    /// What a server's own files say around it.
    private static func complete(
        _ text: String, _ program: Program, _ directory: String, listensOn place: String
    ) -> String {
        switch program {
        case .caddy:
            return """
                {
                    admin unix/\(directory)/admin.sock
                    storage file_system \(directory)/storage
                    auto_https disable_redirects
                    skip_install_trust
                    ocsp_stapling off
                    grace_period 5s
                }
                """ + "\n"
                    + text.replacing(
                        "gateway.example.com {",
                        with: "https://\(place) {\n\ttls \(directory)/front.pem \(directory)/front.key")
        case .haproxy:
            return """
                defaults
                    timeout connect 5s
                    timeout client 30s
                    timeout server 30s
                """ + "\n" + text.replacing("bind :443", with: "bind \(place)")
        case .nginx:
            let inner = text.replacing("listen 443", with: "listen \(place)")
            let isStream = text.contains("proxy_protocol on")
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(directory)/\($0);" }.joined(separator: " ")
            // Workers have to reach files and sockets of this test's user.
            return (isStream ? "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n" : "")
                + (geteuid() == 0 ? "user root;\n" : "") + "daemon off; worker_processes 1;\n"
                + "pid \(directory)/nginx.pid; error_log \(directory)/error.log info;\n"
                + "events { worker_connections 512; }\n"
                + (isStream ? "stream {\n" : "http {\naccess_log off; \(paths)\n") + inner + "}\n"
        }
    }

    private static func arguments(_ program: Program, _ file: String, _ directory: String) -> [String] {
        switch program {
        case .caddy: ["run", "--adapter", "caddyfile", "--config", file]
        case .haproxy: ["-db", "-f", file]
        case .nginx: ["-p", directory, "-c", file, "-e", directory + "/error.log"]
        }
    }

    private static func environment(_ directory: String) -> [String: String] {
        CommandLineTool.baseEnvironment.merging([
            "HOME": directory, "XDG_CONFIG_HOME": directory, "XDG_DATA_HOME": directory,
        ]) { $1 }
    }

    private static func makeCertificate(in directory: TemporaryDirectory, for address: String) throws -> CertificateInfo
    {
        let pair = try SelfSignedCertificate.generate(
            commonName: "front", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", address],
            now: Int64(Date().timeIntervalSince1970))
        // HAProxy wants both in one file, the others take it for the certificate alone.
        _ = try directory.write("front.pem", pair.certificatePEM + pair.privateKeyPEM)
        _ = try directory.write("front.key", pair.privateKeyPEM)
        return try CertificateInfo(pem: pair.certificatePEM)
    }
}

extension CertificateInfo {
    fileprivate var pin: String { certificateSHA256Hex }
}
