import HTTP
import Testing

@Suite("Client address behind proxies")
struct ClientAddressTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var peer = "10.0.0.1"
        var fields: [String] = []
        var trusted = ["10.0.0.0/24", "fd00::1"]
        var allowsRealIP = false
        /// `nil` is unknown.
        let expected: String?
        var isForwarded = true
    }

    static let cases: [Case] = [
        Case(
            testDescription: "a peer that is no proxy", peer: "203.0.113.5", expected: "203.0.113.5", isForwarded: false
        ),
        Case(
            testDescription: "a stranger's header is not believed", peer: "203.0.113.5",
            fields: ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"], allowsRealIP: true, expected: "203.0.113.5",
            isForwarded: false),
        Case(
            testDescription: "nobody is trusted", peer: "127.0.0.1", fields: ["X-Forwarded-For: 198.51.100.7"],
            trusted: [], expected: "127.0.0.1", isForwarded: false),
        Case(testDescription: "one hop", fields: ["X-Forwarded-For: 198.51.100.7"], expected: "198.51.100.7"),
        Case(
            testDescription: "the last hop counts, not the client's invention",
            fields: ["X-Forwarded-For: 192.0.2.1, 198.51.100.7"], expected: "198.51.100.7"),
        Case(
            testDescription: "trusted hops are passed over",
            fields: ["X-Forwarded-For: 192.0.2.1, 198.51.100.7, 10.0.0.9, fd00::1"], expected: "198.51.100.7"),
        Case(
            testDescription: "loopback hops are passed over", fields: ["X-Forwarded-For: 198.51.100.7, 127.0.0.1, ::1"],
            expected: "198.51.100.7"),
        Case(
            testDescription: "several lines are one list",
            fields: ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 198.51.100.7,", "x-forwarded-for: 10.0.0.2"],
            expected: "198.51.100.7"),
        Case(
            testDescription: "a mapped peer and a mapped hop", peer: "::ffff:10.0.0.1",
            fields: ["X-Forwarded-For: ::ffff:198.51.100.7"], expected: "198.51.100.7"),
        Case(
            testDescription: "hops with ports and brackets",
            fields: ["X-Forwarded-For: [2001:db8::1]:443, 10.0.0.2:80, [fd00::1]"], expected: "2001:db8::1"),
        Case(testDescription: "no header at all", expected: nil),
        Case(testDescription: "only proxies", fields: ["X-Forwarded-For: 10.0.0.3, 127.0.0.1"], expected: nil),
        Case(
            testDescription: "a hop that is no address ends the walk",
            fields: ["X-Forwarded-For: 198.51.100.7, unknown, 10.0.0.2"], expected: nil),
        Case(
            testDescription: "an unspecified hop ends the walk", fields: ["X-Forwarded-For: 198.51.100.7, 0.0.0.0"],
            expected: nil),
        Case(
            testDescription: "a hop with a bad port ends the walk", fields: ["X-Forwarded-For: 198.51.100.7:x"],
            expected: nil),
        Case(testDescription: "X-Real-IP is off by default", fields: ["X-Real-IP: 198.51.100.7"], expected: nil),
        Case(
            testDescription: "X-Real-IP when allowed", fields: ["X-Real-IP: 198.51.100.7"], allowsRealIP: true,
            expected: "198.51.100.7"),
        Case(
            testDescription: "X-Forwarded-For comes first",
            fields: ["X-Real-IP: 192.0.2.1", "X-Forwarded-For: 198.51.100.7"], allowsRealIP: true,
            expected: "198.51.100.7"),
        Case(
            testDescription: "X-Real-IP cannot name loopback", fields: ["X-Real-IP: 127.0.0.1"], allowsRealIP: true,
            expected: nil),
        Case(
            testDescription: "two of X-Real-IP are none", fields: ["X-Real-IP: 192.0.2.1", "X-Real-IP: 192.0.2.2"],
            allowsRealIP: true, expected: nil),
        Case(
            testDescription: "Forwarded, quoted, with a port and other parameters",
            fields: [#"Forwarded: for="[2001:db8::1]:4711";proto=https;by=203.0.113.43"#], expected: "2001:db8::1"),
        Case(
            testDescription: "Forwarded from a stranger is not believed", peer: "203.0.113.5",
            fields: ["Forwarded: for=127.0.0.1"], expected: "203.0.113.5", isForwarded: false),
        Case(
            testDescription: "Forwarded: the last hop counts",
            fields: ["Forwarded: for=192.0.2.1, for=198.51.100.7"], expected: "198.51.100.7"),
        Case(
            testDescription: "Forwarded: trusted hops and loopback are passed over",
            fields: [#"Forwarded: for=192.0.2.1,for=198.51.100.7, For="10.0.0.9:80",for="[fd00::1]",for=127.0.0.1"#],
            expected: "198.51.100.7"),
        Case(
            testDescription: "Forwarded: several lines are one list",
            fields: ["Forwarded: for=192.0.2.1", "Forwarded: for=198.51.100.7", "Forwarded: for=10.0.0.2"],
            expected: "198.51.100.7"),
        Case(
            testDescription: "Forwarded: a mapped hop", fields: [#"Forwarded: for="[::ffff:198.51.100.7]""#],
            expected: "198.51.100.7"),
        Case(
            testDescription: "Forwarded: an obfuscated hop ends the walk",
            fields: ["Forwarded: for=198.51.100.7, for=_hidden"], expected: nil),
        Case(
            testDescription: "Forwarded: an unknown hop ends the walk",
            fields: ["Forwarded: for=198.51.100.7, for=unknown, for=10.0.0.2"], expected: nil),
        Case(
            testDescription: "Forwarded: a hop that names nobody ends the walk",
            fields: ["Forwarded: for=198.51.100.7, proto=https"], expected: nil),
        Case(
            testDescription: "Forwarded: an unspecified hop ends the walk",
            fields: ["Forwarded: for=198.51.100.7, for=0.0.0.0"], expected: nil),
        Case(
            testDescription: "Forwarded: only proxies and loopback", fields: ["Forwarded: for=10.0.0.3, for=127.0.0.1"],
            expected: nil),
        Case(
            testDescription: "Forwarded: quotes that the client left open hide nobody",
            fields: [#"Forwarded: for="127.0.0.1, for=198.51.100.7"#], expected: nil),
        Case(
            testDescription: "Forwarded: a client's malformed line does not spoil the proxy's own",
            fields: [#"Forwarded: for="127.0.0.1"#, "Forwarded: for=198.51.100.7"], expected: "198.51.100.7"),
        Case(
            testDescription: "Forwarded: but the walk ends there",
            fields: ["Forwarded: for=192.0.2.1", "Forwarded: ;;=", "Forwarded: for=10.0.0.2"], expected: nil),
        Case(
            testDescription: "both fields, the same client",
            fields: ["X-Forwarded-For: 192.0.2.9, 198.51.100.7", "Forwarded: for=198.51.100.7;proto=https"],
            expected: "198.51.100.7"),
        Case(
            testDescription: "both fields, different clients",
            fields: ["X-Forwarded-For: 198.51.100.7", "Forwarded: for=192.0.2.1"], expected: nil),
        Case(
            testDescription: "both fields, one of them hidden, does not fall back",
            fields: ["X-Forwarded-For: 198.51.100.7", "Forwarded: for=_hidden", "X-Real-IP: 198.51.100.7"],
            allowsRealIP: true, expected: nil),
        Case(
            testDescription: "both fields, one of them loopback only",
            fields: ["X-Forwarded-For: 198.51.100.7", "Forwarded: for=127.0.0.1"], expected: nil),
        Case(
            testDescription: "an empty Forwarded says nothing",
            fields: ["X-Forwarded-For: 198.51.100.7", "Forwarded: ,"], expected: "198.51.100.7"),
        Case(
            testDescription: "X-Real-IP when allowed and both fields find nobody",
            fields: ["X-Forwarded-For: 10.0.0.2", "Forwarded: for=10.0.0.2", "X-Real-IP: 198.51.100.7"],
            allowsRealIP: true, expected: "198.51.100.7"),
    ]

    @Test("is attributed", arguments: cases)
    func attributed(_ testCase: Case) throws {
        let text = (["GET / HTTP/1.1", "Host: h"] + testCase.fields + ["", ""]).joined(separator: "\r\n")
        let head = try #require(try parse(Array(text.utf8))).head
        let client = ClientAddress.attribute(
            peer: try #require(IPAddress(testCase.peer)), head: head,
            trustedProxies: testCase.trusted.compactMap { CIDR($0) }, allowRealIPFallback: testCase.allowsRealIP)
        guard let expected = testCase.expected else {
            #expect(client == .unknown)
            #expect(client.address == nil)
            return
        }
        let address = try #require(IPAddress(expected))
        #expect(client == (testCase.isForwarded ? .forwarded(address) : .peer(address)))
        #expect(client.address == address)
    }

    @Test(
        "a forwarding header is noticed, whatever its case and value",
        arguments: ["Forwarded: for=x", "X-REAL-IP:", "x-forwarded-for: 1", "X-Forwarded-Anything: 1"])
    func forwardingHeaders(_ field: String) throws {
        #expect(ForwardedInfo.hasForwardingHeaders(try request(field)))
    }

    @Test("other headers are not", arguments: ["X-Forward: 1", "X-Forwarded: 1", "Via: 1.1 x", "X-Real-IPs: 1"])
    func otherHeaders(_ field: String) throws {
        #expect(!ForwardedInfo.hasForwardingHeaders(try request(field)))
    }
}
