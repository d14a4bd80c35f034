package import Errors

/// What a request has to keep to, as the log and the figures name it.
package enum HTTPRule: String, CaseIterable, Sendable {
    case bareLineFeed = "bare-line-feed"
    case bareCarriageReturn = "bare-carriage-return"
    case controlCharacter = "control-character"
    case requestLine = "request-line"
    case statusLine = "status-line"
    case requestTarget = "request-target"
    case fieldName = "field-name"
    case foldedField = "folded-field"
    case incompleteHead = "incomplete-head"
    case handshakeDeadline = "handshake-deadline"
    case headSize = "head-size"
    case fieldCount = "field-count"
    case targetSize = "target-size"
    case method
    case version = "http-version"
    case missingHost = "missing-host"
    case repeatedField = "repeated-field"
    case host
    case contentLength = "content-length"
    case conflictingLengths = "conflicting-lengths"
    case transferEncoding = "transfer-encoding"
    case bodySize = "body-size"
    case chunks
    case bodyDeadline = "body-deadline"
    case upgradeMethod = "upgrade-method"
    case upgradeHTTPVersion = "upgrade-http-version"
    case upgradeConnection = "upgrade-connection"
    case upgradeBody = "upgrade-body"
    case notAnUpgrade = "not-an-upgrade"
    case webSocketVersion = "websocket-version"
    case webSocketKey = "websocket-key"
    case webSocketExtensions = "websocket-extensions"
}

extension HTTPRule: Catalogued {
    package static let family = ErrorFamily.http

    package var text: ErrorText { ErrorText(example.reason, rule: standard, remedy: example.remedy) }

    /// An error that breaks the rule. What it may say of the peer is said for all of its kind.
    private var example: HTTPError {
        switch self {
        case .bareLineFeed: .bareLineFeed
        case .bareCarriageReturn: .bareCarriageReturn
        case .controlCharacter: .controlCharacter(0)
        case .requestLine: .malformedRequestLine
        case .statusLine: .malformedStatusLine
        case .requestTarget: .malformedTarget
        case .fieldName: .malformedField
        case .foldedField: .foldedField
        case .incompleteHead: .incompleteHead
        case .handshakeDeadline: .headTimeout
        case .headSize: .headTooLarge(limit: 16 << 10)
        case .fieldCount: .tooManyFields(limit: 100)
        case .targetSize: .targetTooLong(limit: 8 << 10)
        case .method: .methodTooLong
        case .version: .unsupportedVersion("")
        case .missingHost: .missingHost
        case .repeatedField: .duplicateField("")
        case .host: .invalidHost
        case .contentLength: .invalidContentLength
        case .conflictingLengths: .conflictingLengths
        case .transferEncoding: .unsupportedTransferEncoding("")
        case .bodySize: .bodyTooLarge(limit: 2 << 20)
        case .chunks: .malformedChunk
        case .bodyDeadline: .bodyTimeout
        case .upgradeMethod: .upgradeMethod("")
        case .upgradeHTTPVersion: .upgradeHTTPVersion
        case .upgradeConnection: .upgradeWithoutConnection
        case .upgradeBody: .upgradeWithBody
        case .notAnUpgrade: .notAnUpgrade
        case .webSocketVersion: .unsupportedWebSocketVersion(nil)
        case .webSocketKey: .invalidWebSocketKey
        case .webSocketExtensions: .invalidExtensions
        }
    }

    /// Where it is written.
    private var standard: String {
        switch self {
        case .bareLineFeed: "RFC 9112 §2.2"
        case .bareCarriageReturn: "RFC 9112 §2.2"
        case .controlCharacter: "RFC 9110 §5.5"
        case .requestLine: "RFC 9112 §3"
        case .statusLine: "RFC 9112 §4"
        case .requestTarget: "RFC 9112 §3.2"
        case .fieldName: "RFC 9112 §5"
        case .foldedField: "RFC 9112 §5.2"
        case .incompleteHead: "RFC 9112 §8"
        case .handshakeDeadline: "TLS, HTTP and connect have gateway.handshakeTimeoutMs together"
        case .headSize: "a head has at most 16 KiB"
        case .fieldCount: "a head has at most 100 fields"
        case .targetSize: "a target has at most 8 KiB"
        case .method: "RFC 9110 §9.1"
        case .version: "RFC 9112 §2.3"
        case .missingHost: "RFC 9112 §3.2"
        case .repeatedField: "RFC 9110 §5.3"
        case .host: "RFC 9110 §7.2"
        case .contentLength: "RFC 9112 §6.2"
        case .conflictingLengths: "RFC 9112 §6.1"
        case .transferEncoding: "RFC 9112 §6.1"
        case .bodySize: "a body has at most 2 MiB"
        case .chunks: "RFC 9112 §7.1"
        case .bodyDeadline: "a body comes within gateway.handshakeTimeoutMs"
        case .upgradeMethod: "RFC 6455 §4.1"
        case .upgradeHTTPVersion: "RFC 6455 §4.1"
        case .upgradeConnection: "RFC 6455 §4.2.1"
        case .upgradeBody: "RFC 6455 §4.1"
        case .notAnUpgrade: "RFC 9110 §15.5.22"
        case .webSocketVersion: "RFC 6455 §4.4"
        case .webSocketKey: "RFC 6455 §4.2.1"
        case .webSocketExtensions: "RFC 6455 §9.1"
        }
    }
}
