import Config
import JSON
import Testing

@Suite("gateway.listeners")
struct ListenersTests {
    @Test func withoutAnyThereIsNone() throws {
        #expect(try loaded("gateway:{}").gateway.listeners == [])
    }

    @Test func eachHasItsDefaults() throws {
        let gateway = try loaded(
            """
            gateway: { tls: { enabled: true }, trustedProxies: ['10.0.0.1'], listeners: [
              { address: '10.0.0.2', port: 8443, proxyProtocol: 'required' },
              { address: '::1', port: 0, tls: false },
              { path: '/run/sallyport/gateway.sock' },
              { path: '~/gateway.sock', mode: '600', tls: true, proxyProtocol: 'required' } ] }
            """, environment: ["HOME": "/home/me"]
        ).gateway
        let listeners = gateway.listeners
        #expect(
            listeners.map(\.place) == [
                .address("10.0.0.2", port: 8443), .address("::1", port: 0),
                .unix(path: "/run/sallyport/gateway.sock", mode: 0o660),
                .unix(path: "/home/me/gateway.sock", mode: 0o600),
            ])
        #expect(listeners.map(\.isTLS) == [true, false, false, true])
        #expect(listeners.map(\.proxyProtocol) == [.required, .forbidden, .forbidden, .required])
        #expect(listeners.map(\.path) == (0..<4).map { "gateway.listeners[\($0)]" })
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let members: String
        let says: String
        var remedy: String?
        var isError = true
        var testDescription: String { members }
    }

    static let mistakes: [Mistake] = [
        Mistake(members: "listeners: {}", says: "gateway.listeners must be an array of listeners"),
        Mistake(members: "listeners: ['x']", says: "gateway.listeners[0] must be an object"),
        Mistake(members: "listeners: [{}]", says: "has neither address and path", remedy: "path for a Unix socket"),
        Mistake(members: "listeners: [{ address: '::1', port: 1, path: '/a' }]", says: "has both address and path"),
        Mistake(
            members: "listeners: [{ address: 'localhost', port: 1 }]",
            says: "gateway.listeners[0].address must be an IP address"),
        Mistake(
            members: "listeners: [{ address: '::1' }]", says: "is set without gateway.listeners[0].port",
            remedy: "add the port"),
        Mistake(
            members: "listeners: [{ address: '::1', port: 65536 }]",
            says: "gateway.listeners[0].port must be an integer from 0 to 65535"),
        Mistake(members: "listeners: [{ path: 'gateway.sock' }]", says: "must be an absolute path of a file"),
        Mistake(members: "listeners: [{ path: '/run/' }]", says: "must be an absolute path of a file"),
        Mistake(
            members: "listeners: [{ path: '/\(String(repeating: "x", count: 107))' }]",
            says: "must be a path of at most 107 bytes, not one of 108", remedy: "shorter name"),
        Mistake(members: "listeners: [{ path: '/a', mode: 432 }]", says: "must be an octal mode in quotes"),
        Mistake(members: "listeners: [{ path: '/a', mode: '0680' }]", says: "must be an octal mode in quotes"),
        Mistake(members: "listeners: [{ path: '/a', mode: '4660' }]", says: "must be an octal mode in quotes"),
        Mistake(
            members: "listeners: [{ path: '/a', proxyProtocol: 'requird' }]",
            says: "must be one of \"forbidden\", \"required\"", remedy: "did you mean \"required\"?"),
        Mistake(
            members: "listeners: [{ path: '/a', proxyProtocol: true }]",
            says: "must be one of \"forbidden\", \"required\""),
        Mistake(
            members: "listeners: [{ address: '127.0.0.1', port: 1, proxyProtocol: 'required' }]",
            says: "nobody may send such a header", remedy: "add trustedProxies:"),
        Mistake(
            members: "tls: { enabled: false }, listeners: [{ path: '/a', tls: true }]",
            says: "gateway.tls.enabled is false: there is no certificate", remedy: "set gateway.tls.enabled: true"),
        Mistake(
            members: "auth: { mode: 'none' }, listeners: [{ address: '10.0.0.1', port: 1 }]",
            says: "is beyond loopback while gateway.auth.mode is \"none\"", remedy: "set auth: { mode: \"token\" }"),
        Mistake(
            members: "listeners: [{ address: '10.0.0.1', port: 1, tls: false }]",
            says: "listens beyond loopback without TLS", remedy: "set tls: true", isError: false),
        Mistake(
            members: "listeners: [{ path: '/a', mode: '0666' }]", says: "lets every user of this host connect",
            remedy: "use \"0660\"", isError: false),
        Mistake(members: "listeners: [{ path: '/a', port: 1 }]", says: "has no effect beside path", isError: false),
        Mistake(
            members: "listeners: [{ address: '::1', port: 1, mode: '0600' }]", says: "has no effect without path",
            isError: false),
        Mistake(
            members: "listeners: [{ path: '/a', proxyprotocol: 'required' }]",
            says: "unknown key gateway.listeners[0].proxyprotocol", remedy: "did you mean", isError: false),
        Mistake(
            members: "proxyProtocol: 'required'", says: "unknown key gateway.proxyProtocol",
            remedy: "an entry of gateway.listeners", isError: false),
        Mistake(
            members: "trustedProxies: ['::ffff:10.0.0.0/8']", says: "gateway.trustedProxies must be an array of IP"),
        Mistake(members: "trustedProxies: ['proxy']", says: "gateway.trustedProxies must be an array of IP"),
    ]

    @Test("a mistake is named with its remedy", arguments: mistakes)
    func mistaken(_ mistake: Mistake) throws {
        let tls = mistake.members.hasPrefix("tls") ? "" : "tls: { enabled: true }, "
        let found = problems("gateway: { \(tls)\(mistake.members) }")
        let problem = try #require(found.first { $0.message.contains(mistake.says) }, "\(found)")
        #expect(problem.severity == (mistake.isError ? .error : .warning))
        #expect(problem.location?.path == "/c/openclaw.json")
        if let remedy = mistake.remedy { #expect(problem.remedy?.contains(remedy) == true, "\(problem)") }
        #expect(found.count == 1, "\(found)")
    }

    @Test(arguments: ["::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "10.0.0.0/8", "::/0", "fd00::/8"])
    func rangesOfProxies(_ range: String) throws {
        #expect(try loaded("gateway:{trustedProxies:['\(range)']}").gateway.trustedProxies == [range])
    }
}
