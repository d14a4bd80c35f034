import Config
import Testing

@Suite("Addresses in settings")
struct AddressTests {
    @Test(
        "addresses and ranges are taken",
        arguments: [
            "10.0.0.1", "255.255.255.255", "0.0.0.0", "10.0.0.0/8", "10.0.0.1/32", "::", "::1", "fd00::/8",
            "2001:db8::1",
            "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "::ffff:10.0.0.1/128", "fd7a:115c:a1e0::/48", "1::8",
            "1:2:3:4:5:6:7::",
        ])
    func valid(_ text: String) throws {
        #expect(try loaded("gateway:{trustedProxies:['\(text)']}").gateway.trustedProxies == [text])
    }

    @Test(
        "other texts are not",
        arguments: [
            "", "x", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1",
            "10.0.0.1/08",
            "10.0.0.1/8/8", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1/129",
            "1:2:3:4:5:6:7:8::", "::10.0.0.1:1", "fe80::1%eth0", "localhost", "10.0.0.1:80", "[::1]", "+1.0.0.1",
            "::+1",
        ])
    func invalid(_ text: String) {
        #expect(problems("gateway:{trustedProxies:['\(text)']}").map(\.severity) == [.error])
    }

    @Test(
        "origins are scheme and host",
        arguments: [
            ("*", true), ("https://a.example", true), ("http://localhost:18789", true), ("tauri://localhost", true),
            ("https://a.example/", false), ("a.example", false), ("https://", false), ("://a", false),
            ("https://u@a.example", false),
        ])
    func origins(_ text: String, _ isValid: Bool) {
        #expect(problems("gateway:{controlUi:{allowedOrigins:['\(text)']}}").isEmpty == isValid)
    }

    @Test(
        "a base path is brought into one form",
        arguments: [
            ("", ""), ("/", ""), ("ui", "/ui"), ("/ui/", "/ui"), ("//a//b", "/a/b"),
        ])
    func basePath(_ text: String, _ expected: String) throws {
        #expect(try loaded("gateway:{controlUi:{basePath:'\(text)'}}").gateway.controlUI.basePath == expected)
    }

    @Test(
        "a gateway URL is ws or wss with a host",
        arguments: [
            ("ws://127.0.0.1:1", true), ("wss://[::1]:3000/path", true), ("WSS://host", true), ("wss://", false),
            ("wss://:3000", false), ("https://a", false), ("host:3000", false), ("wss://a b", false),
            ("wss://user:hush@host", false),
        ])
    func gatewayURL(_ text: String, _ isValid: Bool) {
        let found = problems("agents:{defaults:{subagents:{gatewayUrl:'\(text)'}}}")
        #expect(found.isEmpty == isValid)
        #expect(!found.contains { $0.description.contains("hush") })
    }
}
