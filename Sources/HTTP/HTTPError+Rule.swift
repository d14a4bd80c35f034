/// What a log says of a refusal besides its reason. Nothing that the peer sent is in it.
extension HTTPError {
    package var rule: HTTPRule {
        switch self {
        case .bareLineFeed: .bareLineFeed
        case .bareCarriageReturn: .bareCarriageReturn
        case .controlCharacter: .controlCharacter
        case .malformedRequestLine: .requestLine
        case .malformedStatusLine: .statusLine
        case .malformedTarget: .requestTarget
        case .malformedField, .invalidFieldName: .fieldName
        case .foldedField: .foldedField
        case .incompleteHead: .incompleteHead
        case .headTimeout: .handshakeDeadline
        case .headTooLarge: .headSize
        case .tooManyFields: .fieldCount
        case .targetTooLong: .targetSize
        case .methodTooLong: .method
        case .unsupportedVersion: .version
        case .missingHost: .missingHost
        case .duplicateField: .repeatedField
        case .invalidHost: .host
        case .invalidContentLength: .contentLength
        case .conflictingLengths: .conflictingLengths
        case .unsupportedTransferEncoding: .transferEncoding
        case .bodyTooLarge: .bodySize
        case .malformedChunk: .chunks
        case .bodyTimeout: .bodyDeadline
        case .upgradeMethod: .upgradeMethod
        case .upgradeHTTPVersion: .upgradeHTTPVersion
        case .upgradeWithoutConnection: .upgradeConnection
        case .upgradeWithBody: .upgradeBody
        case .notAnUpgrade: .notAnUpgrade
        case .unsupportedWebSocketVersion: .webSocketVersion
        case .invalidWebSocketKey: .webSocketKey
        case .invalidExtensions: .webSocketExtensions
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
        case .bodyTimeout: "send the body at once"
        case .malformedChunk: "send the chunks as RFC 9112, section 7.1, has them"
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
