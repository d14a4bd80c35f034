/// Why the beginning of a connection is no PROXY header that we accept.
package enum ProxyHeaderError: Error, Equatable, Sendable {
    case absent
    case lineTooLong(limit: Int)
    case invalidOctet(UInt8)
    case bareLineFeed
    case bareCarriageReturn
    case malformedLine
    case unknownProtocol
    case invalidAddress
    case invalidPort
    case unsupportedVersion(UInt8)
    case unsupportedCommand(UInt8)
    /// Address family and transport, as they stood in one byte.
    case unsupportedFamily(UInt8)
    case headerTooLong(length: Int, limit: Int)
    /// The header ends before the addresses of its family do.
    case truncatedAddresses(length: Int, needed: Int)
    case malformedExtension

    /// The rule that was broken, in one sentence. Nothing that the peer sent is repeated in it.
    package var rule: String {
        switch self {
        case .absent: "The connection must begin with a PROXY protocol header."
        case .lineTooLong(let limit): "A version 1 header ends within \(limit) bytes."
        case .invalidOctet: "A version 1 header is a line of visible ASCII characters."
        case .bareLineFeed: "A version 1 header ends in CR LF."
        case .bareCarriageReturn: "A CR in a version 1 header is followed by LF."
        case .malformedLine:
            "A version 1 header has a protocol, two addresses and two ports, with one space between them."
        case .unknownProtocol: "The protocol of a version 1 header is TCP4, TCP6 or UNKNOWN."
        case .invalidAddress: "The addresses of a version 1 header are of the family that its protocol names."
        case .invalidPort: "Ports are decimal numbers up to 65535 without leading zeros."
        case .unsupportedVersion: "The version of a binary header is 2."
        case .unsupportedCommand: "The command of a version 2 header is LOCAL or PROXY."
        case .unsupportedFamily: "The family of a version 2 header is UNSPEC, or TCP or UDP over IPv4, IPv6 or UNIX."
        case .headerTooLong(_, let limit): "A version 2 header has at most \(limit) bytes."
        case .truncatedAddresses: "A version 2 header holds two addresses of its family."
        case .malformedExtension: "What follows the addresses of a version 2 header is a list of TLVs that fills it."
        }
    }
}
