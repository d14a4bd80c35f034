import Testing

@testable import TLS

@Suite("Peer names")
struct PeerNameTests {
    @Test(
        "addresses are told from names",
        arguments: [
            ("localhost", PeerName.dns("localhost")), ("a.example.", .dns("a.example")),
            ("my_host-1", .dns("my_host-1")),
            ("*.example.org", .dns("*.example.org")), ("10.0.0.1", .ip("10.0.0.1")), ("::1", .ip("::1")),
            ("[::1]", .ip("::1")), ("0:0:0:0:0:0:0:1", .ip("::1")), ("fe80::1%eth0", .ip("fe80::1")),
            ("FD7A:115C:A1E0::1", .ip("fd7a:115c:a1e0::1")), ("1.2.3", .dns("1.2.3")),
        ])
    func names(text: String, name: PeerName) {
        #expect(PeerName(text) == name)
    }

    @Test(
        "what is neither is refused",
        arguments: [
            "", ".", "a..b", "a b", "a,DNS:b", "a\0", "b\u{FC}ro", "*", "a.*.b", "[::1", "10.0.0.1%x", "a/b", "a:1",
            String(repeating: "a", count: 64), Array(repeating: "abcdefg", count: 32).joined(separator: "."),
        ])
    func refused(_ text: String) {
        #expect(PeerName(text) == nil)
    }
}
