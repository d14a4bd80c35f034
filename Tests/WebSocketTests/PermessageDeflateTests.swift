import Testing
import WebSocket

@Suite("permessage-deflate, negotiation (RFC 7692 §7.1, RFC 6455 §9.1)")
struct PermessageDeflateTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let offers: [String]
        /// `nil` when declined.
        let answer: String?
        var testDescription: String { offers.joined(separator: " | ") }

        init(_ offers: String..., answer: String?) {
            self.offers = offers
            self.answer = answer
        }
    }

    static let cases: [Case] = [
        Case("permessage-deflate", answer: "permessage-deflate"),
        Case("permessage-deflate; client_max_window_bits", answer: "permessage-deflate"),
        Case(
            "permessage-deflate; client_max_window_bits=10", answer: "permessage-deflate; client_max_window_bits=10"),
        Case("permessage-deflate; client_max_window_bits=15", answer: "permessage-deflate"),
        Case(
            "permessage-deflate; server_max_window_bits=10", answer: "permessage-deflate; server_max_window_bits=10"),
        Case("permessage-deflate; server_max_window_bits=8", answer: "permessage-deflate; server_max_window_bits=8"),
        Case("permessage-deflate; server_max_window_bits=15", answer: "permessage-deflate"),
        Case(
            "permessage-deflate; server_max_window_bits=\"10\"",
            answer: "permessage-deflate; server_max_window_bits=10"),
        Case(
            "permessage-deflate; server_max_window_bits=\"1\\0\"",
            answer: "permessage-deflate; server_max_window_bits=10"),
        Case(
            "permessage-deflate; server_no_context_takeover",
            answer: "permessage-deflate; server_no_context_takeover"),
        Case(
            "permessage-deflate; client_no_context_takeover",
            answer: "permessage-deflate; client_no_context_takeover"),
        Case(
            "permessage-deflate; client_max_window_bits=9; server_max_window_bits=12; client_no_context_takeover;"
                + "\tserver_no_context_takeover",
            answer: "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                + "server_max_window_bits=12; client_max_window_bits=9"),
        // The first offer that can be accepted wins (§5.1, and the example of §7.1.3).
        Case(
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
                + "permessage-deflate; client_max_window_bits",
            answer: "permessage-deflate; server_max_window_bits=10"),
        Case("permessage-deflate; server_max_window_bits=7, permessage-deflate", answer: "permessage-deflate"),
        Case("x-webkit-deflate-frame, permessage-deflate", answer: "permessage-deflate"),
        Case(
            "permessage-bzip2; x=1", "permessage-deflate; server_no_context_takeover", "permessage-deflate",
            answer: "permessage-deflate; server_no_context_takeover"),
        Case(",, permessage-deflate ,", answer: "permessage-deflate"),
        Case(answer: nil),
        Case("", answer: nil),
        Case("permessage-bzip2", answer: nil),
        Case("Permessage-Deflate", answer: nil),
        Case("permessage-deflate; unknown", answer: nil),
        Case("permessage-deflate; Server_no_context_takeover", answer: nil),
        Case("permessage-deflate; server_no_context_takeover=1", answer: nil),
        Case("permessage-deflate; client_no_context_takeover=true", answer: nil),
        Case("permessage-deflate; server_max_window_bits", answer: nil),
        Case("permessage-deflate; server_max_window_bits=7", answer: nil),
        Case("permessage-deflate; server_max_window_bits=16", answer: nil),
        Case("permessage-deflate; server_max_window_bits=08", answer: nil),
        Case("permessage-deflate; server_max_window_bits=+9", answer: nil),
        Case("permessage-deflate; server_max_window_bits=1e1", answer: nil),
        Case("permessage-deflate; server_max_window_bits=99999999999999999999", answer: nil),
        Case("permessage-deflate; client_max_window_bits=0", answer: nil),
        Case("permessage-deflate; client_max_window_bits=16", answer: nil),
        Case("permessage-deflate; server_no_context_takeover; server_no_context_takeover", answer: nil),
        Case("permessage-deflate; client_max_window_bits; client_max_window_bits=10", answer: nil),
    ]

    @Test("the first acceptable offer is answered with what is understood of it", arguments: cases)
    func negotiated(_ testCase: Case) throws {
        #expect(try PermessageDeflate.negotiate(offers: testCase.offers)?.responseValue == testCase.answer)
    }

    @Test(
        "a malformed field fails the handshake",
        arguments: [
            ";", "permessage-deflate;", "permessage-deflate; =10", "permessage-deflate; a=", "permessage-deflate a",
            "permessage-deflate; a=b c", "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"",
            "permessage-deflate; a=\"b", "permessage-deflate; a=\"b\\", "permessage-deflate; a=\"b\"c", "a/b",
            "permessage-deflate, ;", "permessage-deflate; a=b=c", "gr\u{FC}\u{DF}e", "permessage-deflate; a='\u{7F}'",
        ])
    func malformed(_ line: String) {
        #expect(throws: ExtensionSyntaxError()) { try PermessageDeflate.negotiate(offers: [line]) }
        // Even behind an offer that would do.
        #expect(throws: ExtensionSyntaxError()) {
            try PermessageDeflate.negotiate(offers: ["permessage-deflate", line])
        }
    }

    @Test("a policy adds what a server may ask for unasked")
    func policy() throws {
        let policy = PermessageDeflate.Policy(serverNoContextTakeover: true, clientNoContextTakeover: true)
        let agreed = try PermessageDeflate.negotiate(
            offers: ["permessage-deflate; client_max_window_bits=11"], policy: policy)
        #expect(
            agreed
                == PermessageDeflate(
                    serverNoContextTakeover: true, clientNoContextTakeover: true, clientMaxWindowBits: 11))
    }

    @Test("parameters are read in order, with and without values")
    func list() throws {
        let offers = try ExtensionList.parse(["foo; a; b=1 ;c=\"d\"", "bar,baz;q"])
        #expect(
            offers == [
                ExtensionOffer(
                    name: "foo",
                    parameters: [
                        .init(name: "a", value: nil), .init(name: "b", value: "1"), .init(name: "c", value: "d"),
                    ]),
                ExtensionOffer(name: "bar"),
                ExtensionOffer(name: "baz", parameters: [.init(name: "q", value: nil)]),
            ])
    }
}
