import Client
import Crypto
import EventLoop
import JSON
import Testing
import WebSocket

/// A gateway with an owner, a paired device and enrolment tokens, for ``AdmissionOverSocketsTests``.
final class AdmissionStage {
    struct Outcome: CustomStringConvertible {
        let answer: JSON

        var isAdmitted: Bool { answer["ok"] == true }
        var scopes: [String] { (answer["payload"]?["auth"]?["scopes"]?.array ?? []).compactMap(\.string) }
        var details: JSON { answer["error"]?["details"] ?? .null }

        var description: String { isAdmitted ? "admitted \(scopes)" : "refused \(details)" }
    }

    /// A device of a role, with the token that it was given.
    private struct Paired {
        let key: DeviceKey
        let token: String
    }

    private let setting: AdmissionOverSocketsTests.Setting
    private let gateway: GatewayProcess
    private let owner: GatewayClient
    /// By role. What is paired with the shared secret gets another token each time, so that one is not these.
    private var holders: [String: Paired] = [:]
    private var companions: [String: DeviceKey] = [:]
    private var invitations: [String: String] = [:]

    init(_ setting: AdmissionOverSocketsTests.Setting) throws {
        self.setting = setting
        gateway = try GatewayProcess(setting.configuration)
        var options = ConnectOptions(url: "ws://localhost")
        options.socketPath = gateway.ownerSocket.path
        options.scopes = ["operator.admin", "operator.pairing"]
        owner = try GatewayClient.connect(options)
        for client in [AdmissionCase.Client.sdk, .node] {
            let scopes: JSON = .array(client.scopes.map { .string($0) })
            let made = try owner.request(
                "device.enroll.create", ["role": .string(client.role), "scopes": scopes, "uses": 1000])
            guard let token = made["token"]?.string else { throw Unexpected("no enrolment token: \(made)") }
            invitations[client.role] = token
            holders[client.role] = try pair(client)
            companions[client.role] = try pair(client).key
        }
    }

    /// Enrols a device, which is how one is paired in every configuration.
    private func pair(_ client: AdmissionCase.Client) throws -> Paired {
        let key = try Self.newKey()
        let outcome = try send(
            client, auth: [("bootstrapToken", invitations[client.role] ?? "")], (key, key.privateKey), fields: "")
        guard let token = outcome.answer["payload"]?["auth"]?["deviceToken"]?.string else {
            throw Unexpected("not paired: \(outcome)")
        }
        return Paired(key: key, token: token)
    }

    private static func newKey() throws -> DeviceKey {
        DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
    }

    func stop() throws {
        owner.close()
        try gateway.stop()
    }

    // MARK: - What should happen

    /// What the gateway says it would decide; nil for what a dry run cannot be asked.
    func dryRun(_ item: AdmissionCase) throws -> JSON? {
        let token: String
        switch item.credential {
        case .right: token = "ok"
        case .wrong: token = "wrong"
        case .none: token = "none"
        // Of a device that has one.
        case .deviceToken where item.device == .paired: token = "device"
        case .deviceToken, .enrolment: return nil
        }
        // A signature that is no good, and headers with a user's name, cannot be described to it.
        guard item.device != .forged, setting.mode != "trusted-proxy" || !item.isForwarded else { return nil }
        let (id, mode) = item.client.name
        var params = JSONObject([
            ("from", "127.0.0.1"), ("host", "localhost"), ("tls", .bool(setting.isTLS)),
            ("client", .string("\(id)/\(mode)")), ("role", .string(item.client.role)),
            ("scopes", .array(item.client.scopes.map { .string($0) })), ("token", .string(token)),
        ])
        params["origin"] = item.originText(gateway).map { .string($0) }
        if item.isForwarded { params["forwardedFor"] = .string(AdmissionCase.forwardedFor) }
        params["device"] =
            switch item.device {
            case .none: "none"
            case .new, .forged: "new"
            case .paired: .string(try known(item).deviceId)
            }
        return try owner.request("admission.explain", ["dryRun": .object(params)])
    }

    private func known(_ item: AdmissionCase) throws -> DeviceKey {
        let role = item.client.role
        let key = item.credential == .deviceToken ? holders[role]?.key : companions[role]
        guard let key else { throw Unexpected("no device of role \(role)") }
        return key
    }

    // MARK: - What does happen

    func connect(_ item: AdmissionCase) throws -> Outcome {
        let auth: [(String, String)]
        let secret = setting.mode == "password" ? "password" : "token"
        switch item.credential {
        case .right: auth = [(secret, setting.mode == "password" ? "my-password" : "my-token")]
        case .wrong: auth = [(secret, "wrong")]
        case .none: auth = []
        case .deviceToken:
            let token = holders[item.client.role]?.token ?? ""
            auth = [("token", token), ("deviceToken", token)]
        case .enrolment: auth = [("bootstrapToken", invitations[item.client.role] ?? "")]
        }
        let device: (DeviceKey, Ed25519PrivateKey)?
        switch item.device {
        case .none: device = nil
        case .new:
            let key = try Self.newKey()
            device = (key, key.privateKey)
        case .paired:
            let key = try known(item)
            device = (key, key.privateKey)
        case .forged: device = (try known(item), try Self.newKey().privateKey)
        }
        var fields = item.originText(gateway).map { "Origin: \($0)\r\n" } ?? ""
        if item.isForwarded {
            fields += "X-Forwarded-For: \(AdmissionCase.forwardedFor)\r\nX-Forwarded-User: ana@example.com\r\n"
        }
        return try send(item.client, auth: auth, device, fields: fields)
    }

    private func send(
        _ client: AdmissionCase.Client, auth: [(String, String)], _ device: (DeviceKey, Ed25519PrivateKey)?,
        fields: String
    ) throws -> Outcome {
        let peer = try WebSocketPeer(gateway, path: "/", fields: fields)
        guard case .message(.text, let bytes) = try peer.next() else { throw Unexpected("no challenge") }
        let request = SignedConnect(
            client: client, auth: auth, signedToken: auth.first { $0.0 != "password" }?.1 ?? "",
            device: device.map { key, signer in
                (.init(id: key.deviceId, publicKey: key.privateKey.publicKey), signer)
            })
        try peer.send(try request.frame(answering: try JSONParser.parse(bytes)["payload"] ?? .null))
        guard case .message(.text, let answer) = try peer.next() else { throw Unexpected("no answer to connect") }
        return Outcome(answer: try JSONParser.parse(answer))
    }
}
