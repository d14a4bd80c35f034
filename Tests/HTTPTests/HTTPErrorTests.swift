import HTTP
import Testing

@Suite("What is said of a refused request")
struct HTTPErrorTests {
    static let evil = "\u{1B}[31m<evil>"
    static let errors: [HTTPError] = [
        .bareLineFeed, .bareCarriageReturn, .controlCharacter(0), .controlCharacter(0x16), .malformedRequestLine,
        .malformedStatusLine, .malformedTarget, .malformedField, .foldedField, .invalidFieldName, .incompleteHead,
        .headTimeout, .headTooLarge(limit: 1), .tooManyFields(limit: 1), .targetTooLong(limit: 1), .methodTooLong,
        .unsupportedVersion(evil), .missingHost, .duplicateField(evil), .invalidHost, .invalidContentLength,
        .conflictingLengths, .unsupportedTransferEncoding(evil), .bodyTooLarge(limit: 1), .upgradeMethod(evil),
        .upgradeHTTPVersion, .upgradeWithoutConnection, .upgradeWithBody, .notAnUpgrade,
        .unsupportedWebSocketVersion(evil), .invalidWebSocketKey, .invalidExtensions,
    ]

    @Test("has a rule, a reason and a remedy, and no byte of the peer", arguments: errors)
    func texts(_ error: HTTPError) {
        #expect(
            !error.rule.rawValue.isEmpty
                && error.rule.rawValue.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0 >= UInt8(ascii: "a") })
        #expect(error.reason.hasSuffix("."))
        #expect(!error.remedy.isEmpty)
        #expect((400..<600).contains(error.status))
        #expect(!(error.rule.rawValue + error.reason + error.remedy).contains("evil"))
        #expect(!String(decoding: Response(error).serialized(persistence: .close), as: UTF8.self).contains("evil"))
    }

    @Test("an IPv6 client is its /64, others are themselves")
    func subscribers() throws {
        func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
        #expect(try address("2001:db8:1:2:3:4:5:6").subscriber == address("2001:db8:1:2::"))
        for text in ["203.0.113.7", "::ffff:203.0.113.7", "::1", "127.0.0.1", "fe80::1:2"] {
            #expect(try address(text).subscriber == address(text))
        }
    }
}
