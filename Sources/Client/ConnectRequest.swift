internal import Crypto
internal import JSON

/// The challenge that a gateway opens with.
internal struct ConnectChallenge: Equatable, Sendable {
    internal let nonce: String
    /// The gateway's clock in milliseconds.
    internal let timestamp: Int64

    /// `nil` when it cannot be signed.
    internal init?(_ payload: JSON) {
        guard let nonce = payload["nonce"]?.string, !SignedText.trimmed(nonce).isEmpty,
            let timestamp = payload["ts"]?.integer, timestamp >= 0
        else { return nil }
        self.nonce = SignedText.trimmed(nonce)
        self.timestamp = timestamp
    }
}

/// Builds the parameters of `connect` (OpenClaw gateway protocol, "The `connect` request").
internal enum ConnectRequest {
    internal static func parameters(
        _ options: ConnectOptions, answering challenge: ConnectChallenge, instanceID: String
    ) -> JSON {
        var client = JSONObject([
            ("id", .string(options.clientId)), ("version", .string(options.clientVersion)),
            ("platform", .string(options.platform)), ("mode", .string(options.clientMode)),
            ("instanceId", .string(instanceID)),
        ])
        client["displayName"] = options.displayName.map(JSON.string)
        client["deviceFamily"] = options.deviceFamily.map(JSON.string)

        var auth = JSONObject()
        auth["token"] = options.effectiveToken.map(JSON.string)
        auth["deviceToken"] = options.deviceToken.map(JSON.string)
        auth["bootstrapToken"] = options.effectiveBootstrapToken.map(JSON.string)
        auth["password"] = options.password.map(JSON.string)

        var parameters = JSONObject([
            ("minProtocol", .integer(options.minProtocol)), ("maxProtocol", .integer(options.maxProtocol)),
            ("client", .object(client)), ("role", .string(options.role)),
            ("scopes", .array(options.scopes.map(JSON.string))), ("caps", .array(options.caps.map(JSON.string))),
            ("auth", .object(auth)),
        ])
        parameters["userAgent"] = options.userAgent.map(JSON.string)
        parameters["device"] = options.device.map { proof(of: $0, options, answering: challenge) }
        parameters["resume"] = options.resume.map {
            ["connId": .string($0.connectionID), "seq": .integer($0.sequence)]
        }
        return .object(parameters)
    }

    /// The v3 string that a device signs (OpenClaw gateway protocol, "Signed payload strings").
    internal static func signedPayload(
        deviceID: String, _ options: ConnectOptions, answering challenge: ConnectChallenge
    ) -> String {
        [
            "v3", deviceID, options.clientId, options.clientMode, options.role, options.scopes.joined(separator: ","),
            String(challenge.timestamp), options.signedToken, challenge.nonce,
            SignedText.normalised(options.platform), SignedText.normalised(options.deviceFamily ?? ""),
        ].joined(separator: "|")
    }

    private static func proof(
        of device: DeviceKey, _ options: ConnectOptions, answering challenge: ConnectChallenge
    ) -> JSON {
        let payload = signedPayload(deviceID: device.deviceId, options, answering: challenge)
        var proof = JSONObject([
            ("id", .string(device.deviceId)),
            ("publicKey", .string(Base64URL.encode(device.privateKey.publicKey))),
            ("signature", .string(Base64URL.encode(device.privateKey.sign(Array(payload.utf8))))),
            ("signedAt", .integer(challenge.timestamp)),
            ("nonce", .string(challenge.nonce)),
        ])
        switch options.grants.count {
        case 0: break
        case 1: proof["grant"] = .string(options.grants[0])
        default: proof["grant"] = .array(options.grants.map(JSON.string))
        }
        return .object(proof)
    }
}

/// How text enters a signed payload.
internal enum SignedText {
    /// Trimmed, ASCII letters lowered, everything else untouched.
    internal static func normalised(_ text: String) -> String {
        String(String.UnicodeScalarView(trimmed(text).unicodeScalars.map(lowered)))
    }

    internal static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    private static func lowered(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
    }
}
