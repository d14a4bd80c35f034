import HTTP
import Testing

@Suite("Forwarded, RFC 7239")
struct ForwardedTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        let hops: [Forwarded]
        var testDescription: String { line }

        init(_ line: String, _ hops: Forwarded...) {
            self.line = line
            self.hops = hops
        }
    }

    static func address(_ text: String, port: ForwardedNode.Port? = nil) -> ForwardedNode? {
        IPAddress(text).map { ForwardedNode(name: .address($0), port: port) }
    }

    static func hidden(_ text: String, port: ForwardedNode.Port? = nil) -> ForwardedNode {
        ForwardedNode(name: .obfuscatedIdentifier(text), port: port)
    }

    static let cases: [Case] = [
        // §4
        Case(#"for="_gazonk""#, Forwarded(for: hidden("_gazonk"))),
        Case(#"For="[2001:db8:cafe::17]:4711""#, Forwarded(for: address("2001:db8:cafe::17", port: .number(4711)))),
        Case(
            "for=192.0.2.60;proto=http;by=203.0.113.43",
            Forwarded(for: address("192.0.2.60"), by: address("203.0.113.43"), proto: "http")),
        Case(
            "for=192.0.2.43, for=198.51.100.17", Forwarded(for: address("192.0.2.43")),
            Forwarded(for: address("198.51.100.17"))),
        // §6.3, §7.1
        Case("for=_hidden, for=_SEVKISEK", Forwarded(for: hidden("_hidden")), Forwarded(for: hidden("_SEVKISEK"))),
        Case(
            #"for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown"#, Forwarded(for: address("192.0.2.43")),
            Forwarded(for: address("2001:db8:cafe::17")), Forwarded(for: ForwardedNode(name: .unknown))),
        // §7.4
        Case("for=_mdn;by=_a.b-c_1", Forwarded(for: hidden("_mdn"), by: hidden("_a.b-c_1"))),
        // Forms that the grammar allows
        Case("For=UNKNOWN", Forwarded(for: ForwardedNode(name: .unknown))),
        Case(
            #"for="192.0.2.43:47011";host="a,b;c=\"d\\"; PROTO=https"#,
            Forwarded(for: address("192.0.2.43", port: .number(47011)), host: #"a,b;c="d\"#, proto: "https")),
        Case(#"for="192.0.2.43:_port""#, Forwarded(for: address("192.0.2.43", port: .obfuscated("_port")))),
        Case(#"for="_x:1""#, Forwarded(for: hidden("_x", port: .number(1)))),
        Case(#"for="unknown:0""#, Forwarded(for: ForwardedNode(name: .unknown, port: .number(0)))),
        Case(#"for="\1\9\2.0.2.1""#, Forwarded(for: address("192.0.2.1"))),
        Case("\tfor=192.0.2.1 ;\tproto=http , ", Forwarded(for: address("192.0.2.1"), proto: "http")),
        Case(";;for=192.0.2.1;;", Forwarded(for: address("192.0.2.1"))),
        Case(",,for=192.0.2.1,,", Forwarded(for: address("192.0.2.1"))),
        Case("secret=x;for=192.0.2.1;ext=\"y z\"", Forwarded(for: address("192.0.2.1"))),
        Case("host=\"\"", Forwarded(host: "")),
        Case("proto=http", Forwarded(proto: "http")),
        Case("for=\"[::ffff:192.0.2.1]\"", Forwarded(for: address("192.0.2.1"))),
        Case(""),
        Case(", ,"),
    ]

    @Test("is read hop by hop", arguments: cases)
    func read(_ testCase: Case) {
        #expect(Forwarded.parse(testCase.line) == testCase.hops)
    }

    @Test(
        "what is malformed anywhere is nothing at all",
        arguments: [
            "for", "for=", "=x", "for =192.0.2.1", "for= 192.0.2.1", "for=192.0.2.1 proto=http", "for=192.0.2.1;for=x",
            "for=192.0.2.1;For=192.0.2.1", "for=\"192.0.2.1", "for=\"192.0.2.1\\", "for=\"192.0.2.1\"x", "for=\"\"",
            "for=192.0.2.1:80", "for=[2001:db8::1]", "for=2001:db8::1", "for=\"2001:db8::1\"", "for=\"[192.0.2.1]\"",
            "for=\"[2001:db8::1\"", "for=\"[2001:db8::1]x\"", "for=\"[2001:db8::1%eth0]\"", "for=\"[2001:db8::1]:\"",
            "for=\"192.0.2.1:\"", "for=\"192.0.2.1:65536\"", "for=\"192.0.2.1:123456\"", "for=\"192.0.2.1:+1\"",
            "for=\"192.0.2.1:80:80\"", "for=192.0.2.256", "for=01.2.3.4", "for=localhost", "for=_", "for=\"_a b\"",
            "for=\"_\u{E9}\"", "for=\"192.0.2.1:_\"", "by=nobody", "for=192.0.2.1, for", "for=\"a, for=192.0.2.1",
            "for=192.0.2.1;=;", "\"for\"=192.0.2.1",
        ])
    func malformed(_ line: String) {
        #expect(Forwarded.parse(line) == nil)
        #expect(Forwarded.parse("for=192.0.2.1, \(line)") == nil)
    }

    @Test("no beginning of a line is read as something else than it is", arguments: cases)
    func everyCut(_ testCase: Case) {
        let octets = Array(testCase.line.utf8)
        for cut in octets.indices {
            let hops = Forwarded.parse(String(decoding: octets[..<cut], as: UTF8.self)) ?? []
            #expect(hops.count <= testCase.hops.count)
            // All hops but the last are whole.
            #expect(hops.dropLast() == testCase.hops.prefix(max(0, hops.count - 1)))
        }
    }
}
