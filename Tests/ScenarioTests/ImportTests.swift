import Client
import Crypto
import Files
import Foundation
import JSON
import Testing

/// `sallyport import`: devices and identity of an OpenClaw installation are good here.
struct ImportTests {
    private static let token = "device-token-of-the-old-gateway"

    /// An OpenClaw state directory with one device, whose key is `key`.
    private static func openClaw(_ key: DeviceKey, tokenChange: (String, JSON)? = nil, more: [(String, JSON)] = [])
        throws -> TemporaryDirectory
    {
        let directory = try TemporaryDirectory()
        for name in ["devices", "identity"] { try Files.makeDirectory(directory.path + "/" + name) }
        var token = JSONObject([
            ("token", .string(Self.token)), ("role", "operator"), ("scopes", ["operator.read", "operator.write"]),
            ("createdAtMs", 1_786_000_000_000),
        ])
        if let (name, value) = tokenChange { token[name] = value }
        let record: JSON = [
            "deviceId": .string(key.deviceId), "publicKey": .string(Base64URL.encode(key.privateKey.publicKey)),
            "platform": "linux", "clientId": "cli", "clientMode": "cli", "roles": ["operator"],
            "approvedScopes": ["operator.read", "operator.write"], "tokens": ["operator": .object(token)],
            "createdAtMs": 1_786_000_000_000, "approvedAtMs": 1_786_000_000_000,
        ]
        let document = JSON.object(JSONObject([(key.deviceId, record)] + more))
        _ = try directory.write("devices/paired.json", document.prettyPrinted())
        return directory
    }

    private static func newKey() throws -> DeviceKey {
        DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
    }

    private static func tool(_ state: TemporaryDirectory) -> CommandLineTool {
        CommandLineTool(stateDirectory: state.path, outputs: state.path)
    }

    /// A gateway to which nobody is local enough to be let in without having been paired.
    private static let configuration = GatewayConfiguration(
        gateway: """
            mode: "local", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
            nodes: { pairing: { autoApproveLocal: false } }
            """
    ).text

    private static func options(_ gateway: GatewayProcess, _ key: DeviceKey) -> ConnectOptions {
        var options = gateway.options(token: nil, scopes: ["operator.read"])
        options.device = key
        options.deviceToken = token
        return options
    }

    @Test func aDeviceIsAdmittedWithTheTokenThatItHas() async throws {
        try await scenario {
            let key = try Self.newKey()
            let source = try Self.openClaw(key, more: [("damaged\u{1B}[2J", ["publicKey": "x"])])
            let before = contents(of: source.path + "/devices/paired.json")
            let state = try TemporaryDirectory()
            let trial = try Self.tool(state).run("import", "--from", source.path, "--dry-run")
            #expect(trial.exitCode == 1, "\(trial)")
            #expect(trial.output.contains("would import: device \(key.deviceId)"), "\(trial)")
            #expect(!Files.exists(state.path + "/state") && !Files.exists(state.path + "/run"))

            let first = try Self.tool(state).run("import", "--from", source.path)
            #expect(first.exitCode == 1, "something is damaged: \(first)")
            #expect(first.lines.first?.hasPrefix("imported: device \(key.deviceId) (operator; ") == true, "\(first)")
            #expect(
                first.output.contains("damaged, skipped: device damaged?[2J: publicKey is no Ed25519 key"), "\(first)")
            #expect(!first.output.contains(Self.token) && !first.output.contains("\u{1B}"))
            let again = try Self.tool(state).run("import", "--from", source.path, "--json")
            let outcomes = try JSONParser.parse(Array(again.output.utf8))["outcomes"]?.array ?? []
            #expect(outcomes.map { $0["outcome"]?.string } == ["unchanged", "skipped"], "\(again)")
            #expect(contents(of: source.path + "/devices/paired.json") == before)
            #expect(Files.names(in: source.path + "/devices") == ["paired.json"])
            #expect(Files.names(in: source.path + "/identity") == [])

            let gateway = try GatewayProcess(Self.configuration, state: state)
            let client = try await gateway.connect(Self.options(gateway, key))
            #expect(client.grantedScopes.contains("operator.read"))
            client.close()
            // Their device's key and token are both needed.
            let stranger = try await gateway.refusal(of: Self.options(gateway, try Self.newKey()))
            #expect(stranger.body != nil, "\(stranger)")
            var wrong = Self.options(gateway, key)
            wrong.deviceToken = "another"
            #expect(try await gateway.refusal(of: wrong).body?.detailsCode == "AUTH_DEVICE_TOKEN_MISMATCH")
            // A gateway that runs has devices in memory, and keeps them.
            let meanwhile = try Self.tool(state).run("import", "--from", source.path)
            #expect(
                meanwhile.exitCode == 1 && meanwhile.errors.contains("is in use (process \(gateway.pid))"),
                "\(meanwhile)")
            #expect(meanwhile.errors.contains("hint: stop the gateway first"), "\(meanwhile)")
            try gateway.stop()
        }
    }

    @Test func aRevokedTokenStaysRevoked() async throws {
        try await scenario {
            let key = try Self.newKey()
            let source = try Self.openClaw(key, tokenChange: ("revokedAtMs", 1_786_000_100_000))
            let state = try TemporaryDirectory()
            let done = try Self.tool(state).run("import", "--from", source.path)
            #expect(done.exitCode == 0 && done.output.contains("token revoked: operator"), "\(done)")
            let gateway = try GatewayProcess(Self.configuration, state: state)
            let refusal = try await gateway.refusal(of: Self.options(gateway, key))
            #expect(refusal.body != nil, "\(refusal)")
            try gateway.stop()
        }
    }

    @Test(arguments: [true, false])
    func theIdentityKeepsItsIdAndOursIsNeverReplaced(isPEM: Bool) throws {
        let key = try Self.newKey()
        let source = try TemporaryDirectory()
        try Files.makeDirectory(source.path + "/identity")
        let raw: JSON = [
            "deviceId": .string(key.deviceId), "publicKey": .string(Base64.encode(key.privateKey.publicKey)),
            "privateKey": .string(Base64.encode(key.privateKey.seed)), "createdAtMs": 1,
        ]
        let text = isPEM ? DeviceKeyFile.document(for: key, createdAtMs: 1) : raw.prettyPrinted()
        _ = try source.write("identity/device.json", text)
        // The root key is nobody else's.
        _ = try source.write("identity/gateway.json", "{}")
        let state = try TemporaryDirectory()
        let own = state.path + "/identity/device.json"
        let first = try Self.tool(state).run("import", "--from", source.path)
        #expect(first.exitCode == 0 && first.output.hasPrefix("imported: the identity of this machine"), "\(first)")
        #expect(try DeviceKeyFile.load(own)?.deviceId == key.deviceId)
        #expect(!Files.exists(state.path + "/identity/gateway.json"))
        let written = contents(of: own)
        let again = try Self.tool(state).run("import", "--from", source.path)
        #expect(again.exitCode == 0 && again.output.hasPrefix("unchanged: "), "\(again)")
        _ = try source.write("identity/device.json", DeviceKeyFile.document(for: try Self.newKey(), createdAtMs: 1))
        let other = try Self.tool(state).run("import", "--from", source.path)
        #expect(other.output.hasPrefix("skipped: ") && other.output.contains(key.deviceId), "\(other)")
        _ = try source.write("identity/device.json", "{ damaged")
        let damaged = try Self.tool(state).run("import", "--from", source.path)
        #expect(damaged.exitCode == 1 && damaged.output.contains("not readable as JSON"), "\(damaged)")
        #expect(contents(of: own) == written)
        // Ours is damaged: it is left alone, by import and by commands that would need one.
        _ = try source.write("identity/device.json", text)
        _ = try state.write("identity/device.json", "{ damaged")
        let closed = try Self.tool(state).run("import", "--from", source.path)
        #expect(closed.exitCode == 1 && closed.output.contains("was left alone"), "\(closed)")
        let list = try Self.tool(state).run("devices", "list", "--url", "ws://127.0.0.1:1", "--token", "t")
        #expect(list.exitCode != 0 && list.errors.contains("cannot use the device identity: \(own)"), "\(list)")
        #expect(list.errors.contains("hint: mend or move away"), "\(list)")
        #expect(contents(of: own) == "{ damaged")
    }

    @Test func aDirectoryWithNothingToImportIsSaidToBeOne() throws {
        let state = try TemporaryDirectory()
        let empty = try Self.tool(state).run("import", "--from", state.path + "/nowhere")
        #expect(empty.exitCode == 1 && empty.errors.contains("there is nothing to import in"), "\(empty)")
        let without = try Self.tool(state).run("import")
        #expect(without.exitCode == 2 && without.errors.contains("import needs --from DIR"), "\(without)")
        try Files.makeDirectory(state.path + "/old/devices")
        _ = try state.write("old/devices/paired.json", "[]")
        let list = try Self.tool(state).run("import", "--from", state.path + "/old")
        #expect(list.exitCode == 1 && list.errors.contains("is no object of devices"), "\(list)")
    }
}
