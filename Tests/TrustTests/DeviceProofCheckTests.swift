import Crypto
import Testing
import Trust
import Wire

@Suite("Device proof, wire protocol 3.1 to 3.4")
struct DeviceProofCheckTests {
    static let now: Int64 = 1_786_000_000_000
    static let nonce = "0b7d4a0e-5f0c-4a3f-9a37-6f2d0a1c9e55"

    let device: SigningIdentity
    let stranger: SigningIdentity

    init() throws {
        device = try SigningIdentity(seed: [UInt8](repeating: 5, count: 32))
        stranger = try SigningIdentity(seed: [UInt8](repeating: 6, count: 32))
    }

    /// What a client may send, with the payload it signs built here and not by the code under test.
    struct Attempt {
        var id: String
        var publicKey: String
        var clientID = "cli"
        var mode = "cli"
        var platform = "linux"
        var deviceFamily: String?
        var role = Role.operator
        var scopes = ["operator.write", "operator.read"]
        var auth = ConnectParams.Credentials(token: "tok-123")
        var signedAt = DeviceProofCheckTests.now
        var nonce = DeviceProofCheckTests.nonce

        init(_ device: SigningIdentity) {
            id = device.deviceID
            publicKey = Base64URL.encode(device.key.publicKey)
        }

        var params: ConnectParams {
            ConnectParams(
                minProtocol: 4, maxProtocol: 4,
                client: ClientInfo(
                    id: clientID, version: "1", platform: platform, mode: mode, deviceFamily: deviceFamily),
                role: role, scopes: scopes, auth: auth,
                device: ConnectParams.DeviceProof(
                    id: id, publicKey: publicKey, signature: "", signedAt: signedAt, nonce: nonce))
        }

        func check(
            signing payload: String, with key: SigningIdentity, now: Int64 = DeviceProofCheckTests.now,
            challenge: String = DeviceProofCheckTests.nonce,
            encode: ([UInt8]) -> String = { Base64URL.encode($0) }
        ) -> ProofOutcome {
            var signed = params
            signed.device?.signature = encode(key.key.sign(Array(payload.utf8)))
            return DeviceProofCheck.check(signed, nonce: challenge, nowMs: now)
        }
    }

    var proven: ProofOutcome { .proven(ProvenDevice(id: device.deviceID, publicKey: device.key.publicKey)) }

    func v2(_ id: String? = nil, tail: String = "") -> String {
        "v2|\(id ?? device.deviceID)|cli|cli|operator|operator.write,operator.read|\(Self.now)|tok-123|\(Self.nonce)"
            + tail
    }

    func v3(platform: String = "linux", family: String = "") -> String {
        v2().replacing("v2|", with: "v3|", maxReplacements: 1) + "|\(platform)|\(family)"
    }

    // MARK: Payloads

    @Test("the payloads of wire protocol 3.2 come out byte for byte")
    func vectors() {
        func params(_ token: String?, _ platform: String, _ family: String?) -> ConnectParams {
            ConnectParams(
                minProtocol: 3, maxProtocol: 4,
                client: ClientInfo(
                    id: "openclaw-macos", version: "1", platform: platform, mode: "ui", deviceFamily: family),
                scopes: ["operator.admin", "operator.read"], auth: ConnectParams.Credentials(token: token),
                device: ConnectParams.DeviceProof(
                    id: "dev-1", publicKey: "k", signature: "s", signedAt: 1_700_000_000_000, nonce: "nonce-abc"))
        }
        #expect(
            DeviceProofCheck.payloadV2(params(nil, "macos", nil), nonce: "nonce-abc")
                == "v2|dev-1|openclaw-macos|ui|operator|operator.admin,operator.read|1700000000000||nonce-abc")
        #expect(
            DeviceProofCheck.payloadV3(params("tok-123", "IOS", " iPhone "), nonce: "nonce-abc")
                == "v3|dev-1|openclaw-macos|ui|operator|operator.admin,operator.read|1700000000000|tok-123|nonce-abc|ios|iphone"
        )
    }

    @Test("both forms are accepted, v1 and other versions are not")
    func forms() {
        let attempt = Attempt(device)
        #expect(attempt.check(signing: v2(), with: device) == proven)
        #expect(attempt.check(signing: v3(), with: device) == proven)
        let v1 = "v1|\(device.deviceID)|cli|cli|operator|operator.write,operator.read|\(Self.now)|tok-123"
        for payload in [v1, v2().dropFirst(3) + "", "v4" + v2().dropFirst(2), "v3" + v2().dropFirst(2), v2(tail: "|")] {
            #expect(attempt.check(signing: payload, with: device) == .failed(.signatureInvalid), "\(payload)")
        }
    }

    @Test(
        "v3 has platform and family trimmed and in lower ASCII letters, and nothing else changed",
        arguments: [
            ("Linux", nil, "linux", ""), (" macOS ", "MacBook Pro", "macos", "macbook pro"), ("İOS", "É", "İos", "É"),
            ("\tWin32\n", "  ", "win32", ""), ("ios", "iPhone15,3", "ios", "iphone15,3"),
        ] as [(String, String?, String, String)])
    func normalisation(_ platform: String, _ family: String?, _ signedPlatform: String, _ signedFamily: String) {
        var attempt = Attempt(device)
        attempt.platform = platform
        attempt.deviceFamily = family
        #expect(attempt.check(signing: v3(platform: signedPlatform, family: signedFamily), with: device) == proven)
        #expect(DeviceProofCheck.normalised(platform) == signedPlatform)
    }

    @Test("scopes are signed as sent: no sorting, no merging")
    func scopes() {
        func payload(_ scopes: String) -> String {
            v2().replacing("operator.write,operator.read", with: scopes)
        }
        let lists: [[String]] = [
            [], ["operator.read"], ["operator.read", "operator.write"], ["operator.write", "operator.read"],
            ["operator.read", "operator.read"], ["a,b", "c"],
        ]
        for sent in lists {
            var attempt = Attempt(device)
            attempt.scopes = sent
            for signed in lists {
                let outcome = attempt.check(signing: payload(signed.joined(separator: ",")), with: device)
                #expect(outcome == (sent == signed ? proven : .failed(.signatureInvalid)), "\(sent) \(signed)")
            }
        }
    }

    @Test("the token signed is auth.token, else deviceToken, else bootstrapToken, else nothing")
    func tokens() {
        typealias Credentials = ConnectParams.Credentials
        let cases: [(Credentials, String)] = [
            (Credentials(token: "a", deviceToken: "b", bootstrapToken: "c", password: "d"), "a"),
            (Credentials(deviceToken: "b", bootstrapToken: "c", password: "d"), "b"),
            (Credentials(bootstrapToken: "c", password: "d"), "c"), (Credentials(password: "d"), ""),
            (Credentials(token: "", deviceToken: "b"), ""), (Credentials(), ""),
        ]
        for (auth, signed) in cases {
            var attempt = Attempt(device)
            attempt.auth = auth
            for token in ["a", "b", "c", "d", ""] {
                let outcome = attempt.check(signing: v2().replacing("tok-123", with: token), with: device)
                #expect(outcome == (token == signed ? proven : .failed(.signatureInvalid)))
            }
        }
    }

    @Test("client id, mode, role, time and device id are all covered by the signature")
    func coverage() {
        let changes: [(inout Attempt) -> Void] = [
            { $0.clientID = "gateway-client" }, { $0.mode = "ui" }, { $0.role = .node },
            { $0.signedAt += 1 }, { $0.auth.token = "tok-124" }, { $0.scopes.append("operator.admin") },
        ]
        for change in changes {
            var attempt = Attempt(device)
            change(&attempt)
            #expect(attempt.check(signing: v2(), with: device) == .failed(.signatureInvalid))
            #expect(attempt.check(signing: v3(), with: device) == .failed(.signatureInvalid))
        }
        var other = Attempt(device)
        other.platform = "darwin"
        #expect(other.check(signing: v3(), with: device) == .failed(.signatureInvalid))
        #expect(other.check(signing: v2(), with: device) == proven, "v2 does not cover the platform")
    }

    @Test("a node signs as node")
    func node() {
        var attempt = Attempt(device)
        attempt.role = .node
        attempt.scopes = []
        let payload = "v2|\(device.deviceID)|cli|cli|node||\(Self.now)|tok-123|\(Self.nonce)"
        #expect(attempt.check(signing: payload, with: device) == proven)
    }

    // MARK: Forms of keys and signatures

    @Test("the public key may be base64url, base64 or PEM")
    func keyForms() throws {
        // A key whose base64 has both characters that differ, so the alphabets cannot be confused.
        var seed = [UInt8](repeating: 0, count: 32)
        var both = device
        while !(Base64.encode(both.key.publicKey).contains("+") && Base64.encode(both.key.publicKey).contains("/")) {
            seed[0] += 1
            both = try SigningIdentity(seed: seed)
        }
        let raw = both.key.publicKey
        let pem = Ed25519PEM.publicKeyPEM(raw)
        for form in [
            Base64URL.encode(raw), Base64URL.encode(raw) + "=", Base64.encode(raw),
            String(Base64.encode(raw).dropLast()), pem,
            pem.replacing("\n", with: "\r\n"), "\n" + pem,
        ] {
            var attempt = Attempt(both)
            attempt.publicKey = form
            let payload = v2(both.deviceID)
            #expect(
                attempt.check(signing: payload, with: both) == .proven(ProvenDevice(id: both.deviceID, publicKey: raw)),
                "\(form)")
        }
    }

    @Test("a key that does not parse, or hashes to another id, is an identity mismatch")
    func keyMismatch() {
        let raw = device.key.publicKey
        for form in [
            "", "x", Base64URL.encode(raw.dropLast()), Base64URL.encode(raw + [0]), Hex.encode(raw),
            Base64URL.encode(stranger.key.publicKey), "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            Ed25519PEM.privateKeyPEM(raw), "BEGIN", Base64URL.encode(raw) + " ",
        ] {
            var attempt = Attempt(device)
            attempt.publicKey = form
            #expect(attempt.check(signing: v2(), with: device) == .failed(.deviceIDMismatch), "\(form)")
        }
        for id in [stranger.deviceID, device.deviceID.uppercased(), "", " " + device.deviceID] {
            var attempt = Attempt(device)
            attempt.id = id
            #expect(attempt.check(signing: v2(id), with: device) == .failed(.deviceIDMismatch), "\(id)")
        }
    }

    @Test("the signature may be base64url or base64, and has 64 bytes")
    func signatureForms() {
        let attempt = Attempt(device)
        #expect(attempt.check(signing: v2(), with: device, encode: { Base64.encode($0) }) == proven)
        #expect(attempt.check(signing: v2(), with: device, encode: { Base64URL.encode($0) }) == proven)
        let broken: [([UInt8]) -> String] = [
            { _ in "" }, { _ in "!" }, { Hex.encode($0) }, { Base64URL.encode(Array($0.dropLast())) },
            { Base64URL.encode($0 + [0]) }, { _ in Base64URL.encode([UInt8](repeating: 0, count: 64)) },
            { Base64URL.encode([$0[0] ^ 1] + $0.dropFirst()) }, { Base64URL.encode($0.dropLast() + [$0[63] ^ 0x80]) },
        ]
        for encode in broken {
            #expect(attempt.check(signing: v2(), with: device, encode: encode) == .failed(.signatureInvalid))
        }
        #expect(attempt.check(signing: v2(), with: stranger) == .failed(.signatureInvalid))
    }

    // MARK: Time and nonce

    @Test(
        "two minutes of difference are tolerated in both directions, a millisecond more is not",
        arguments: [
            (Int64(0), true), (119_999, true), (120_000, true), (120_001, false), (-119_999, true), (-120_000, true),
            (-120_001, false), (600_000, false), (-600_000, false), (now, false),
        ])
    func skew(_ difference: Int64, _ isTolerated: Bool) {
        let outcome = Attempt(device).check(signing: v2(), with: device, now: Self.now - difference)
        #expect(outcome == (isTolerated ? proven : .failed(.signatureStale)))
    }

    @Test(
        "a signing time at the end of what JSON can carry is stale, not a trap", arguments: [0, 1, 1 << 53] as [Int64])
    func extremes(_ signedAt: Int64) {
        var attempt = Attempt(device)
        attempt.signedAt = signedAt
        #expect(attempt.check(signing: v2(), with: device) == .failed(.signatureStale))
    }

    @Test("the nonce is trimmed, and then has to be this connection's")
    func nonce() {
        for sent in [Self.nonce, " \(Self.nonce)", "\(Self.nonce)\n", "\t \(Self.nonce) \r\n"] {
            var attempt = Attempt(device)
            attempt.nonce = sent
            #expect(attempt.check(signing: v2(), with: device) == proven)
        }
        for blank in ["", " ", "\t\r\n "] {
            var attempt = Attempt(device)
            attempt.nonce = blank
            #expect(attempt.check(signing: v2(), with: device) == .failed(.nonceMissing))
        }
        for wrong in ["x", Self.nonce.uppercased(), String(Self.nonce.dropLast()), Self.nonce + "0"] {
            var attempt = Attempt(device)
            attempt.nonce = wrong
            let payload = v2().replacing(Self.nonce, with: wrong)
            #expect(attempt.check(signing: payload, with: device) == .failed(.nonceMismatch))
        }
    }

    @Test("a proof made for one connection is worth nothing on another")
    func replay() {
        #expect(
            Attempt(device).check(signing: v2(), with: device, challenge: "another-nonce") == .failed(.nonceMismatch))
    }

    // MARK: Order

    @Test("checks run in the documented order: each fault hides those after it")
    func order() {
        var attempt = Attempt(device)
        attempt.id = stranger.deviceID
        attempt.signedAt = 0
        attempt.nonce = " "
        #expect(attempt.check(signing: "x", with: device) == .failed(.deviceIDMismatch))
        attempt.id = device.deviceID
        #expect(attempt.check(signing: "x", with: device) == .failed(.signatureStale))
        attempt.signedAt = Self.now
        #expect(attempt.check(signing: "x", with: device) == .failed(.nonceMissing))
        attempt.nonce = "other"
        #expect(attempt.check(signing: "x", with: device) == .failed(.nonceMismatch))
        attempt.nonce = Self.nonce
        #expect(attempt.check(signing: "x", with: device) == .failed(.signatureInvalid))
        #expect(attempt.check(signing: v2(), with: device) == proven)
    }

    @Test("without a device there is nothing to prove")
    func absent() {
        var params = Attempt(device).params
        params.device = nil
        #expect(DeviceProofCheck.check(params, nonce: Self.nonce, nowMs: Self.now) == .absent)
    }
}
