/// The status code of a Close frame (RFC 6455 §7.4).
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let normalClosure = CloseCode(rawValue: 1000)
    package static let goingAway = CloseCode(rawValue: 1001)
    package static let protocolError = CloseCode(rawValue: 1002)
    package static let unsupportedData = CloseCode(rawValue: 1003)
    /// Stands for "the Close frame carried no code"; never on the wire.
    package static let noStatusReceived = CloseCode(rawValue: 1005)
    /// Stands for "the connection ended without a Close frame"; never on the wire.
    package static let abnormalClosure = CloseCode(rawValue: 1006)
    package static let invalidFramePayloadData = CloseCode(rawValue: 1007)
    package static let policyViolation = CloseCode(rawValue: 1008)
    package static let messageTooBig = CloseCode(rawValue: 1009)
    package static let internalError = CloseCode(rawValue: 1011)
    package static let serviceRestart = CloseCode(rawValue: 1012)
    package static let tryAgainLater = CloseCode(rawValue: 1013)

    /// Whether a Close frame may carry the code: registered for the wire, or in the ranges of libraries (3000) and
    /// applications (4000).
    package var isValidOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
