import Crypto
import JSON
import Testing

@testable import Client

@Suite("Connect request")
struct ConnectRequestTests {
    private func challenge(nonce: String = "nonce-abc", ts: Int64 = 1_700_000_000_000) throws -> ConnectChallenge {
        try #require(ConnectChallenge(["nonce": .string(nonce), "ts": .integer(ts)]))
    }

    @Test("the signed string is the published v3 vector")
    func vector() throws {
        var options = ConnectOptions(url: "")
        options.clientId = "openclaw-macos"
        options.clientMode = "ui"
        options.scopes = ["operator.admin", "operator.read"]
        options.token = "tok-123"
        options.platform = " iOS"
        options.deviceFamily = "iPhone\n"
        let text = ConnectRequest.signedPayload(
            deviceID: "dev-1", options, answering: try challenge(nonce: " nonce-abc "))
        #expect(
            text == "v3|dev-1|openclaw-macos|ui|operator|operator.admin,operator.read|1700000000000|tok-123|nonce-abc"
                + "|ios|iphone")
    }

    @Test("only ASCII letters are lowered in signed text")
    func normalisation() {
        #expect(SignedText.normalised("  ÄBC Δ\t") == "Äbc Δ")
        #expect(SignedText.normalised("") == "")
    }

    @Test("the signature verifies over the signed string")
    func signature() throws {
        var options = ConnectOptions(url: "")
        let device = try DeviceKey(seed: Array(repeating: 9, count: 32))
        options.device = device
        options.password = "secret"
        let challenge = try challenge()
        let proof = try #require(ConnectRequest.parameters(options, answering: challenge, instanceID: "i")["device"])
        let signature = try #require(proof["signature"]?.string.flatMap(Base64URL.decode))
        let text = ConnectRequest.signedPayload(deviceID: device.deviceId, options, answering: challenge)
        #expect(!text.contains("secret"))
        #expect(
            Ed25519.isValid(signature: signature, for: Array(text.utf8), publicKey: device.privateKey.publicKey))
        #expect(proof["id"]?.string == device.deviceId)
        #expect(proof["publicKey"]?.string?.utf8.count == 43)
        #expect(proof["signedAt"] == 1_700_000_000_000)
        #expect(proof["grant"] == nil)
    }

    @Test("one grant is a string, several are an array")
    func grants() throws {
        var options = ConnectOptions(url: "")
        options.device = try DeviceKey(seed: Array(repeating: 9, count: 32))
        options.grants = ["a"]
        #expect(
            ConnectRequest.parameters(options, answering: try challenge(), instanceID: "i")["device"]?["grant"] == "a")
        options.grants = ["a", "b"]
        #expect(
            ConnectRequest.parameters(options, answering: try challenge(), instanceID: "i")["device"]?["grant"]
                == ["a", "b"])
    }

    @Test("a device token stands in for a missing token, and is sent as itself too")
    func credentials() throws {
        func auth(_ options: ConnectOptions) throws -> JSON? {
            ConnectRequest.parameters(options, answering: try challenge(), instanceID: "i")["auth"]
        }
        var options = ConnectOptions(url: "")
        #expect(try auth(options) == [:])
        options.deviceToken = "device"
        #expect(try auth(options) == ["token": "device", "deviceToken": "device"])
        options.token = "shared"
        options.password = "p"
        #expect(try auth(options) == ["token": "shared", "deviceToken": "device", "password": "p"])
    }

    @Test("optional members are left out, not null")
    func optional() throws {
        let bare = ConnectRequest.parameters(ConnectOptions(url: ""), answering: try challenge(), instanceID: "i")
        #expect(
            bare.object?.names
                == ["minProtocol", "maxProtocol", "client", "role", "scopes", "caps", "auth"])
        #expect(bare["client"]?.object?.names == ["id", "version", "platform", "mode", "instanceId"])
        var options = ConnectOptions(url: "")
        options.resume = .init(connectionID: "c", sequence: 4)
        options.displayName = "build box"
        let full = ConnectRequest.parameters(options, answering: try challenge(), instanceID: "i")
        #expect(full["resume"] == ["connId": "c", "seq": 4])
        #expect(full["client"]?["displayName"] == "build box")
    }

    @Test(
        "a challenge that cannot be signed is none",
        arguments: [
            [:], ["nonce": "", "ts": 1], ["nonce": " ", "ts": 1], ["nonce": "a"], ["nonce": "a", "ts": -1],
            ["nonce": "a", "ts": 1.5], ["nonce": 1, "ts": 1], [],
        ] as [JSON])
    func badChallenge(payload: JSON) {
        #expect(ConnectChallenge(payload) == nil)
    }
}
