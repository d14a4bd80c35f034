import Agents
import Client
import Crypto
import EventLoop
import Files
import Foundation
import JSON
import TLS
import Testing

/// Listeners at Unix sockets: for proxies, and for the owner.
struct UnixListenerTests {
    private static func configuration(_ path: String, _ more: String = "") -> String {
        GatewayConfiguration(
            gateway: """
                mode: "local", bind: "loopback", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
                listeners: [{ path: "\(path)"\(more) }]
                """
        ).text
    }

    private static let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

    private static func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private static func ask(_ path: String, _ fields: String = "", pin: String? = nil) throws -> String {
        let connection = try RawConnection(to: .unix(path: path), pin: pin)
        try connection.send(request + fields + "\r\n")
        return try connection.receiveAll()
    }

    @Test func itIsThereWithItsModeAndGoneAfterTheStop() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/gw.sock"
            let gateway = try GatewayProcess(Self.configuration(path))
            #expect(gateway.listeners.last?.url == "ws+unix:\(path)")
            #expect(try Self.permissions(path) == 0o660)
            #expect(try Self.ask(path).hasPrefix("HTTP/1.1 200 "))
            #expect(try Self.ask(path, "X-Forwarded-For: 203.0.113.7\r\n").hasPrefix("HTTP/1.1 200 "))
            #expect(try Self.ask(path, "X-Forwarded-For: 127.0.0.1\r\n").hasPrefix("HTTP/1.1 403 "))
            try gateway.stop()
            #expect(!Files.exists(path))
        }
    }

    @Test func modeAndTLSAreAsConfigured() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/gw.sock"
            let gateway = try GatewayProcess(Self.configuration(path, ", mode: \"0600\", tls: true"))
            #expect(gateway.listeners.last?.url == "wss+unix:\(path)")
            #expect(try Self.permissions(path) == 0o600)
            #expect(try Self.ask(path, pin: gateway.pin).hasPrefix("HTTP/1.1 200 "))
            try gateway.stop()
        }
    }

    @Test func whoComesThroughItIsNeverLocalAndHasTheAddressThatTheProxyNames() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/gw.sock"
            let gateway = try GatewayProcess(Self.configuration(path))
            for (fields, client) in [("", nil), ("X-Forwarded-For: 203.0.113.7", "203.0.113.7")] {
                let relay = try Relay(fields.isEmpty ? .forwarding : .adding(fields: fields))
                defer { relay.stop() }
                relay.forward(to: .unix(path: path))
                var options = gateway.options(scopes: ["operator.read"])
                options.url = "ws://127.0.0.1:\(relay.port)"
                options.trust = .systemAuthorities
                options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
                let refusal = try await gateway.refusal(of: options)
                #expect(refusal.body?.detailsCode == "PAIRING_REQUIRED", "\(refusal)")
                let requestID = try #require(refusal.pairingRequestID)
                // Loopback is still the owner's own.
                let owner = try await gateway.owner()
                let pending = try owner.request("device.pair.list")["pending"]?.array ?? []
                let entry = pending.first { $0["requestId"]?.string == requestID }
                #expect(entry != nil && entry?["remoteIp"]?.string == client, "\(pending)")
                let list = try gateway.cli.run("devices", "list")
                #expect(list.output.contains(client ?? requestID), "\(list)")
                _ = try owner.request("device.pair.approve", ["requestId": .string(requestID)])
                let admitted = try await gateway.connect(options)
                _ = try gateway.waitForLog("connected peer=\(client.map { "\($0) via " } ?? "")unix client=cli/cli")
                admitted.close()
                owner.close()
            }
            try gateway.stop()
        }
    }

    @Test func aSocketThatACrashLeftIsReplaced() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/gw.sock"
            let gateway = try GatewayProcess(Self.configuration(path))
            try gateway.kill()
            #expect(Files.exists(path))
            try gateway.start()
            #expect(try Self.ask(path).hasPrefix("HTTP/1.1 200 "))
            try gateway.stop()
        }
    }

    @Test func whatCannotBeListenedOnStopsTheStartWithTheReason() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/gw.sock"
            let gateway = try GatewayProcess(Self.configuration(path))
            let file = try directory.write("file", "not a socket")
            for (place, says, hint) in [
                (path, "another process listens on unix:\(path)", "choose another path in gateway.listeners[0]"),
                (file, "is there already and is no socket", "gateway's user has to be able to write"),
                (directory.path + "/none/gw.sock", "No such file or directory", "make the directory"),
            ] {
                let other = try TemporaryDirectory()
                _ = try other.write("openclaw.json", Self.configuration(place))
                let tool = CommandLineTool(stateDirectory: other.path, outputs: other.path)
                let start = try tool.run("gateway", "run", "--port", "0")
                #expect(start.exitCode == 78, "\(start)")
                #expect(start.errors.contains("gateway.listeners[0]"), "\(start)")
                #expect(start.errors.contains(says), "\(start)")
                #expect(start.errors.contains(hint), "\(start)")
            }
            // Nobody has touched the one that works.
            #expect(try Self.ask(path).hasPrefix("HTTP/1.1 200 "))
            #expect(contents(of: file) == "not a socket")
            try gateway.stop()
        }
    }

    // MARK: - The owner's

    @Test func theOwnersSocketAdmitsItsUserWithoutTokenDeviceOrPairing() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let path = gateway.state.path + "/run/owner.sock"
            #expect(try Self.permissions(path) == 0o600)
            let file = try JSONParser.parse(Files.read(gateway.state.path + "/run/gateway.json"))
            #expect(file["ownerSocket"]?.string == path)
            let relay = try Relay(.forwarding)
            defer { relay.stop() }
            relay.forward(to: gateway.ownerSocket)
            var options = ConnectOptions(url: "ws://127.0.0.1:\(relay.port)")
            options.scopes = ["operator.admin", "operator.pairing"]
            let owner = try await gateway.connect(options)
            #expect(owner.grantedScopes == options.scopes)
            #expect(try owner.request("device.pair.list")["pending"]?.array == [])
            owner.close()
            // The same without the socket is refused.
            options.url = gateway.url()
            options.trust = gateway.options().trust
            let refusal = try await gateway.refusal(of: options)
            #expect(refusal.body?.detailsCode == "DEVICE_IDENTITY_REQUIRED", "\(refusal)")
            try gateway.stop()
            #expect(!Files.exists(path))
        }
    }

    /// Where 127.0.0.1 is a trusted proxy, nobody on loopback is local, and still the owner has to get in.
    @Test(arguments: ["[\"127.0.0.1\", \"::1\"]", "[]"])
    func theCommandLineUsesIt(trustedProxies: String) async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                GatewayConfiguration(
                    gateway: """
                        mode: "local", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
                        trustedProxies: \(trustedProxies), nodes: { pairing: { autoApproveLocal: false } }
                        """
                ).text)
            var options = gateway.options(scopes: ["operator.read"])
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            let refusal = try await gateway.refusal(of: options)
            let requestID = try #require(refusal.pairingRequestID)
            let list = try gateway.cli.run("devices", "list")
            #expect(list.exitCode == 0 && list.output.contains(requestID), "\(list)")
            let approve = try gateway.cli.run("devices", "approve", requestID)
            #expect(approve.output == "Approved \(requestID)\n", "\(approve)")
            try await gateway.connect(options).close()
            _ = try gateway.waitForLog("connected peer=unix", "owner-socket=passed")
            // A credential that is named is the one that is used.
            let wrong = try gateway.cli.run("devices", "list", "--token", "wrong")
            #expect(wrong.exitCode == 1 && wrong.errors.contains("token mismatch"), "\(wrong)")
            try gateway.stop()
        }
    }

    @Test func aStateDirectoryWithALongNameIsServedWithoutIt() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let state = directory.path + "/" + String(repeating: "long", count: 20)
            try Files.makeDirectory(state)
            let tool = CommandLineTool(stateDirectory: state, outputs: directory.path)
            let process = try tool.start(["gateway", "run", "--port", "0"])
            try eventually("it listens") { process.standardOutput.contains("listening wss://127.0.0.1:") }
            try eventually("it says what is missing") {
                process.standardError.contains("the owner's socket: cannot listen on unix:")
            }
            process.child.signal(SIGTERM)
            #expect(try process.wait(within: .seconds(15)) == 0)
        }
    }
}
