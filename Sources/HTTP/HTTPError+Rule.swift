/// What a log says of a refusal besides its reason. Nothing that the peer sent is in it.
extension HTTPError {
    /// The rule's name.
    package var rule: String {
        switch self {
        case .bareLineFeed: "bare-line-feed"
        case .bareCarriageReturn: "bare-carriage-return"
        case .controlCharacter: "control-character"
        case .malformedRequestLine: "request-line"
        case .malformedStatusLine: "status-line"
        case .malformedTarget: "request-target"
        case .malformedField, .invalidFieldName: "field-name"
        case .foldedField: "folded-field"
        case .incompleteHead: "incomplete-head"
        case .headTimeout: "handshake-deadline"
        case .headTooLarge: "head-size"
        case .tooManyFields: "field-count"
        case .targetTooLong: "target-size"
        case .methodTooLong: "method"
        case .unsupportedVersion: "http-version"
        case .missingHost: "missing-host"
        case .duplicateField: "repeated-field"
        case .invalidHost: "host"
        case .invalidContentLength: "content-length"
        case .conflictingLengths: "conflicting-lengths"
        case .unsupportedTransferEncoding: "transfer-encoding"
        case .bodyTooLarge: "body-size"
        case .upgradeMethod: "upgrade-method"
        case .upgradeHTTPVersion: "upgrade-http-version"
        case .upgradeWithoutConnection: "upgrade-connection"
        case .upgradeWithBody: "upgrade-body"
        case .notAnUpgrade: "not-an-upgrade"
        case .unsupportedWebSocketVersion: "websocket-version"
        case .invalidWebSocketKey: "websocket-key"
        case .invalidExtensions: "websocket-extensions"
        }
    }

    /// What the sender, or whoever runs the proxy in front, has to change.
    package var remedy: String {
        switch self {
        case .bareLineFeed, .bareCarriageReturn: "end every line with CR LF"
        case .controlCharacter(0x16): "a TLS client on a port without TLS begins so: use ws://, or gateway.tls.enabled"
        case .controlCharacter: "send text only; percent-encode the rest"
        case .malformedRequestLine: "send a line such as GET /path HTTP/1.1, with single spaces"
        case .malformedStatusLine: "this is no HTTP server"
        case .malformedTarget: "send a path that begins with / and is percent-encoded, without a fragment"
        case .malformedField, .invalidFieldName: "send name: value, without a space before the colon"
        case .foldedField: "send each field on one line"
        case .incompleteHead: "end the head with an empty line before closing"
        case .headTimeout: "send the whole head at once; gateway.handshakeTimeoutMs is the time for it"
        case .headTooLarge, .tooManyFields: "send fewer or shorter fields; look for a loop of proxies, or for cookies"
        case .targetTooLong: "send a shorter path and query"
        case .methodTooLong: "use GET or HEAD"
        case .unsupportedVersion: "use HTTP/1.1; a proxy must not speak HTTP/2 to this port"
        case .missingHost: "send a Host field"
        case .duplicateField: "send it once; a proxy must replace it, not add to it"
        case .invalidHost: "send host or host:port"
        case .invalidContentLength: "send one decimal number"
        case .conflictingLengths: "send one of the two; a proxy that passes both on can be tricked"
        case .unsupportedTransferEncoding: "send Transfer-Encoding: chunked, or a Content-Length"
        case .bodyTooLarge: "send less"
        case .upgradeMethod: "open the WebSocket with GET"
        case .upgradeHTTPVersion: "let the client, or the proxy (proxy_http_version 1.1), use HTTP/1.1"
        case .upgradeWithoutConnection: "let the proxy pass Connection: Upgrade on"
        case .upgradeWithBody: "send no Content-Length and no Transfer-Encoding with an upgrade"
        case .notAnUpgrade: "connect with a WebSocket client"
        case .unsupportedWebSocketVersion: "use a client of RFC 6455: Sec-WebSocket-Version: 13"
        case .invalidWebSocketKey: "send the base64 of 16 random bytes, once"
        case .invalidExtensions: "send a list of extensions as RFC 6455 section 9.1 writes it, or none"
        }
    }
}
