import Crypto
import JSON
import WebSocket

/// One combination of what a connection can bring, for a gateway that has one of the configurations.
struct AdmissionCase: Sendable, CustomStringConvertible {
    enum Credential: String, CaseIterable {
        case right, wrong, none, deviceToken, enrolment
    }

    enum Device: String, CaseIterable {
        case none, new, paired
        /// The paired one's id and key, signed by another key.
        case forged
    }

    enum Client: String, CaseIterable {
        case cli, backend, controlUI, node, sdk

        /// Of `connect.params.client`.
        var name: (id: String, mode: String) {
            switch self {
            case .cli: ("cli", "cli")
            case .backend: ("gateway-client", "backend")
            case .controlUI: ("openclaw-control-ui", "ui")
            case .node: ("node-host", "node")
            case .sdk: ("test", "test")
            }
        }

        var role: String { self == .node ? "node" : "operator" }
        var scopes: [String] { self == .node ? [] : ["operator.read", "operator.write"] }
    }

    enum Origin: String, CaseIterable {
        case none, own, foreign
    }

    let credential: Credential
    let device: Device
    let client: Client
    /// With a forwarding header, which is the proxy's own where the gateway trusts loopback, else forged.
    let isForwarded: Bool
    let origin: Origin

    var description: String {
        "credential \(credential) device \(device) client \(client) forwarded \(isForwarded) origin \(origin)"
    }

    /// Every combination, in an order in which neighbours differ in the first dimension.
    static let all: [AdmissionCase] = Origin.allCases.flatMap { origin in
        [false, true].flatMap { isForwarded in
            Client.allCases.flatMap { client in
                Device.allCases.flatMap { device in
                    Credential.allCases.map { credential in
                        AdmissionCase(
                            credential: credential, device: device, client: client, isForwarded: isForwarded,
                            origin: origin)
                    }
                }
            }
        }
    }

    static let forwardedFor = "203.0.113.7"

    func originText(_ gateway: GatewayProcess) -> String? {
        switch origin {
        case .none: nil
        case .own: (gateway.pin == nil ? "http" : "https") + "://localhost"
        case .foreign: "https://evil.example"
        }
    }
}

/// A `connect` request with a signature of its own making.
struct SignedConnect {
    let client: AdmissionCase.Client
    var auth: [(String, String)]
    /// What the signature has to cover: the first token that is sent.
    let signedToken: String
    /// Whom the request names, and whose key signs.
    let device: (named: DeviceIdentityText, signer: Ed25519PrivateKey)?

    struct DeviceIdentityText {
        let id: String
        let publicKey: [UInt8]
    }

    func frame(answering challenge: JSON) throws -> [UInt8] {
        guard let nonce = challenge["nonce"]?.string, let time = challenge["ts"]?.integer else {
            throw Unexpected("no challenge: \(challenge)")
        }
        let (id, mode) = client.name
        var params = JSONObject([
            ("minProtocol", 3), ("maxProtocol", 4), ("role", .string(client.role)),
            (
                "client",
                ["id": .string(id), "version": "1", "platform": "linux", "mode": .string(mode)]
            ),
            ("scopes", .array(client.scopes.map { .string($0) })), ("caps", []),
            ("auth", .object(JSONObject(auth.map { ($0.0, .string($0.1)) }))),
        ])
        if let device {
            let payload = [
                "v3", device.named.id, id, mode, client.role, client.scopes.joined(separator: ","), String(time),
                signedToken, nonce, "linux", "",
            ].joined(separator: "|")
            params["device"] = [
                "id": .string(device.named.id), "publicKey": .string(Base64URL.encode(device.named.publicKey)),
                "signature": .string(Base64URL.encode(device.signer.sign(Array(payload.utf8)))),
                "signedAt": .integer(time), "nonce": .string(nonce),
            ]
        }
        let request: JSON = ["type": "req", "id": "1", "method": "connect", "params": .object(params)]
        return WebSocketPeer.frame(.text, request.serialized())
    }
}
