/// Why a request is refused before any route sees it.
package enum HTTPError: Error, Equatable, Sendable {
    case bareLineFeed
    case bareCarriageReturn
    case controlCharacter(UInt8)
    case malformedRequestLine
    case malformedStatusLine
    case malformedTarget
    case malformedField
    case foldedField
    case invalidFieldName
    /// The peer sends no more, and the head is not whole.
    case incompleteHead
    /// The head is not whole, and the time for it is over.
    case headTimeout
    case headTooLarge(limit: Int)
    case tooManyFields(limit: Int)
    case targetTooLong(limit: Int)
    case methodTooLong
    case unsupportedVersion(String)
    case missingHost
    case duplicateField(String)
    case invalidHost
    case invalidContentLength
    case conflictingLengths
    case unsupportedTransferEncoding(String)
    /// For callers that read a body: this module reads heads only.
    case bodyTooLarge(limit: Int)
    case malformedChunk
    /// The body is not whole, and the time for it is over.
    case bodyTimeout
    case upgradeMethod(String)
    case upgradeHTTPVersion
    /// `Upgrade` came without a `Connection` that names it: most often a proxy that was not told to pass it on.
    case upgradeWithoutConnection
    case upgradeWithBody
    case notAnUpgrade
    case unsupportedWebSocketVersion(String?)
    case invalidWebSocketKey
    case invalidExtensions

    package var status: Int {
        switch self {
        case .upgradeMethod: 405
        case .headTimeout, .bodyTimeout: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .notAnUpgrade, .unsupportedWebSocketVersion: 426
        case .headTooLarge, .tooManyFields: 431
        case .methodTooLong, .unsupportedTransferEncoding: 501
        case .unsupportedVersion: 505
        case .bareLineFeed, .bareCarriageReturn, .controlCharacter, .malformedRequestLine, .malformedStatusLine,
            .malformedTarget, .malformedField, .foldedField, .invalidFieldName, .incompleteHead, .missingHost,
            .malformedChunk, .duplicateField, .invalidHost, .invalidContentLength, .conflictingLengths,
            .upgradeHTTPVersion,
            .upgradeWithoutConnection, .upgradeWithBody, .invalidWebSocketKey, .invalidExtensions:
            400
        }
    }

    /// One sentence for the peer. Nothing that it sent is repeated in it.
    package var reason: String {
        switch self {
        case .bareLineFeed: "Lines of the head must end in CR LF."
        case .bareCarriageReturn: "A CR in the head must be followed by LF."
        case .controlCharacter: "The head has a control character."
        case .malformedRequestLine: "The request line is not a method, a target and an HTTP version."
        case .malformedStatusLine: "The status line is not an HTTP version and a status."
        case .malformedTarget: "The request target is malformed."
        case .malformedField: "A header line has no colon."
        case .foldedField: "Header lines must not be folded."
        case .invalidFieldName: "A header name has characters that are not allowed there."
        case .incompleteHead: "The head ends before its empty line."
        case .headTimeout: "The head did not arrive in time."
        case .headTooLarge(let limit): "The head is larger than \(limit) bytes."
        case .tooManyFields(let limit): "The head has more than \(limit) fields."
        case .targetTooLong(let limit): "The request target is longer than \(limit) bytes."
        case .methodTooLong: "The method is unknown."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .missingHost: "HTTP/1.1 requires a Host header."
        case .duplicateField: "A header that may stand only once is repeated."
        case .invalidHost: "The Host header is malformed."
        case .invalidContentLength: "The Content-Length header is not a number."
        case .conflictingLengths: "Content-Length and Transfer-Encoding exclude each other."
        case .unsupportedTransferEncoding: "The only transfer coding spoken here is chunked, in HTTP/1.1."
        case .bodyTimeout: "The body did not come in time."
        case .malformedChunk: "The chunks of the body are malformed."
        case .bodyTooLarge(let limit): "The body is larger than \(limit) bytes."
        case .upgradeMethod: "A WebSocket upgrade must be a GET request."
        case .upgradeHTTPVersion: "A WebSocket upgrade needs HTTP/1.1."
        case .upgradeWithoutConnection: "A WebSocket upgrade needs the header Connection: Upgrade."
        case .upgradeWithBody: "A WebSocket upgrade has no body."
        case .notAnUpgrade: "This address speaks WebSocket only."
        case .unsupportedWebSocketVersion: "Only version 13 of the WebSocket protocol is spoken here."
        case .invalidWebSocketKey: "The Sec-WebSocket-Key header is not the base64 of 16 bytes."
        case .invalidExtensions: "The Sec-WebSocket-Extensions header is malformed."
        }
    }

    /// Fields that belong to the answer, such as `Allow` with a 405.
    package var fields: [HeaderField] {
        switch self {
        case .upgradeMethod:
            [HeaderField("Allow", "GET")]
        case .notAnUpgrade, .unsupportedWebSocketVersion:
            // RFC 9110 §15.5.22 wants Upgrade in every 426, and §7.8 wants Connection to name it.
            [
                HeaderField("Connection", "upgrade"), HeaderField("Upgrade", "websocket"),
                HeaderField("Sec-WebSocket-Version", "13"),
            ]
        default:
            []
        }
    }
}
