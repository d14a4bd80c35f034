import HTTP
import Testing

@Suite("Where a connection and its requests come from")
struct ConnectionSourceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// `nil` is a Unix socket.
        var peer: String? = "10.0.0.1"
        var isProxyListener = false
        /// What a PROXY header says; `nil` for none.
        var proxy: ProxyHeader.Connection?
        var fields: [String] = []
        var budget: String?
        var client: ClientAddress = .unknown
        var headers = RequestSource.Headers.absent
        var isDirectLocal = false
        var isUnattributed = false
    }

    private static let trust = ProxyTrust(
        proxies: ["10.0.0.0/24", "::ffff:10.9.0.0/112", "127.0.0.3"].compactMap { CIDR($0) })
    private static let stranger = address("203.0.113.5")
    private static let customer = address("198.51.100.7")

    private static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
        return address
    }

    private static func from(_ text: String) -> ProxyHeader.Connection {
        let source = ProxyHeader.Endpoint(address: address(text), port: 4711)
        return .internet(source: source, destination: ProxyHeader.Endpoint(address: address("10.0.0.5"), port: 0))
    }

    private static let named = ["X-Forwarded-For: 198.51.100.7"]

    static let cases: [Case] = [
        Case(
            testDescription: "loopback is local", peer: "127.0.0.1", client: .peer(address("127.0.0.1")),
            isDirectLocal: true),
        Case(testDescription: "IPv6 loopback too", peer: "::1", client: .peer(address("::1")), isDirectLocal: true),
        Case(
            testDescription: "loopback with a header is not", peer: "127.0.0.1", fields: named,
            client: .peer(address("127.0.0.1")), headers: .ignored, isUnattributed: true),
        Case(testDescription: "a stranger", peer: "203.0.113.5", budget: "203.0.113.5", client: .peer(stranger)),
        Case(
            testDescription: "a stranger's header", peer: "203.0.113.5", fields: ["X-Forwarded-For: 127.0.0.1"],
            budget: "203.0.113.5", client: .peer(stranger), headers: .ignored, isUnattributed: true),
        Case(testDescription: "a proxy without headers", client: .unknown),
        Case(testDescription: "a proxy with one", fields: named, client: .forwarded(customer), headers: .believed),
        Case(
            testDescription: "a proxy in a mapped range", peer: "::ffff:10.9.0.77", fields: named,
            client: .forwarded(customer), headers: .believed),
        Case(
            testDescription: "a proxy that names only itself", fields: ["X-Forwarded-For: 127.0.0.1"],
            headers: .unresolved, isUnattributed: true),
        Case(
            testDescription: "a proxy without the one that counts", fields: ["X-Forwarded-Proto: https"],
            headers: .unresolved, isUnattributed: true),
        Case(
            testDescription: "a Unix socket for proxies", peer: nil, isProxyListener: true, fields: named,
            client: .forwarded(customer), headers: .believed),
        Case(testDescription: "the same without headers", peer: nil, isProxyListener: true),
        Case(
            testDescription: "the owner's Unix socket believes no header", peer: nil, fields: named, headers: .ignored,
            isUnattributed: true),
        Case(
            testDescription: "PROXY names the client", proxy: from("198.51.100.7"), budget: "198.51.100.7",
            client: .forwarded(customer)),
        Case(
            testDescription: "over a Unix socket too", peer: nil, isProxyListener: true, proxy: from("198.51.100.7"),
            budget: "198.51.100.7", client: .forwarded(customer)),
        Case(
            testDescription: "behind PROXY the client's own headers are not believed", proxy: from("203.0.113.5"),
            fields: named, budget: "203.0.113.5", client: .forwarded(stranger), headers: .ignored),
        Case(
            testDescription: "a proxy that says it twice", proxy: from("198.51.100.7"), fields: named,
            budget: "198.51.100.7", client: .forwarded(customer), headers: .repeated),
        Case(
            testDescription: "a balancer before a proxy", proxy: from("10.0.0.9"), fields: named,
            client: .forwarded(customer), headers: .believed),
        Case(testDescription: "a balancer before a proxy that says nothing", proxy: from("10.0.0.9")),
        Case(
            testDescription: "nor a proxy on loopback, which is another host's", proxy: from("127.0.0.3"),
            fields: named, headers: .ignored, isUnattributed: true),
        Case(testDescription: "PROXY cannot name loopback", proxy: from("127.0.0.1")),
        Case(testDescription: "nor IPv6 loopback", proxy: from("::1")),
        Case(testDescription: "nor nobody", proxy: from("0.0.0.0")),
        Case(
            testDescription: "a loopback peer with PROXY is not local", peer: "127.0.0.1", isProxyListener: true,
            proxy: from("127.0.0.1")),
        Case(
            testDescription: "LOCAL is the proxy's own and not local", peer: "127.0.0.1", isProxyListener: true,
            proxy: .local),
        Case(
            testDescription: "LOCAL with a header", proxy: .local, fields: named, client: .forwarded(customer),
            headers: .believed),
        Case(testDescription: "UNKNOWN", proxy: .unknown),
        Case(
            testDescription: "UNKNOWN with a header, which the client may have written", proxy: .unknown, fields: named,
            headers: .ignored, isUnattributed: true),
        Case(testDescription: "a Unix socket of the proxy's", proxy: .unix(source: [0x2F], destination: [])),
    ]

    @Test("is attributed", arguments: cases)
    func attributed(_ testCase: Case) throws {
        var source = ConnectionSource(
            peer: testCase.peer.map { .internet(Self.address($0)) } ?? .unix,
            isProxyListener: testCase.isProxyListener, trust: Self.trust)
        if let proxy = testCase.proxy {
            source.take(ProxyHeader(version: .v2, connection: proxy, length: 16))
        }
        #expect(source.client(trust: Self.trust)?.description == testCase.budget)
        let text = (["GET / HTTP/1.1", "Host: h"] + testCase.fields + ["", ""]).joined(separator: "\r\n")
        let head = try #require(try parse(Array(text.utf8))).head
        let request = source.attribute(head, trust: Self.trust)
        #expect(request.client == testCase.client)
        #expect(request.headers == testCase.headers)
        #expect(request.hasForwardingHeaders == !testCase.fields.isEmpty)
        #expect(request.isDirectLocal == testCase.isDirectLocal)
        #expect(request.isUnattributed == testCase.isUnattributed)
    }
}
