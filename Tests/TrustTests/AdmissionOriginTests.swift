import Testing
import Trust
import Wire

@Suite("Browser origin check, wire protocol 4.7")
struct AdmissionOriginTests {
    enum Verdict: Sendable {
        case accepted
        case notAllowed
        case missingOrInvalid
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let origin: String?
        let host: String?
        let isDirectLocal: Bool
        let verdict: Verdict
        var allowed: [String] = []
        var allowsHostHeader = false

        init(
            _ why: String, _ origin: String?, host: String? = "gw.example:18789", local: Bool = false,
            _ verdict: Verdict,
            allowed: [String] = [], allowsHostHeader: Bool = false
        ) {
            testDescription = "\(why): \(origin ?? "none")"
            self.origin = origin
            self.host = host
            isDirectLocal = local
            self.verdict = verdict
            self.allowed = allowed
            self.allowsHostHeader = allowsHostHeader
        }
    }

    static let rows: [Row] = [
        // 1. The configured list.
        Row("listed", "https://ui.example", .accepted, allowed: ["https://other.example", "https://ui.example"]),
        Row("listed in other case", "HTTPS://UI.Example", .accepted, allowed: ["https://ui.EXAMPLE"]),
        Row("any is listed", "https://evil.example", .accepted, allowed: ["*"]),
        Row("listed under another port", "https://ui.example:8443", .notAllowed, allowed: ["https://ui.example"]),
        Row("listed under another scheme", "http://ui.example", .notAllowed, allowed: ["https://ui.example"]),
        Row("a listed name's subdomain", "https://x.ui.example", .notAllowed, allowed: ["https://ui.example"]),
        Row(
            "a name that begins like a listed one", "https://ui.example.evil", .notAllowed,
            allowed: ["https://ui.example"]),
        Row("nothing listed", "https://evil.example", .notAllowed),
        Row("an app's own scheme, listed", "capacitor://localhost", .accepted, allowed: ["capacitor://localhost"]),
        // 2. Host header fallback.
        Row("own host by the Host header", "https://gw.example:18789", .accepted, allowsHostHeader: true),
        Row("own host in other case", "https://GW.example:18789", .accepted, allowsHostHeader: true),
        Row("own host, the fallback being off", "https://gw.example:18789", .notAllowed),
        Row("another port than the Host header", "https://gw.example", .notAllowed, allowsHostHeader: true),
        Row("another host than the Host header", "https://evil.example:18789", .notAllowed, allowsHostHeader: true),
        Row("no Host header at all", "https://gw.example", host: nil, .notAllowed, allowsHostHeader: true),
        // 3. Own host on a private network.
        Row("own private address", "https://192.168.1.5:18789", host: "192.168.1.5:18789", .accepted),
        Row("own private address 10/8", "https://10.0.0.5:18789", host: "10.0.0.5:18789", .accepted),
        Row("own bridge address", "https://172.18.0.2:18789", host: "172.18.0.2:18789", .accepted),
        Row("first of 172.16/12", "https://172.16.0.1", host: "172.16.0.1", .accepted),
        Row("last of 172.16/12", "https://172.31.255.254", host: "172.31.255.254", .accepted),
        Row("below 172.16/12", "https://172.15.0.1", host: "172.15.0.1", .notAllowed),
        Row("above 172.16/12", "https://172.32.0.1", host: "172.32.0.1", .notAllowed),
        Row("own tailnet address", "https://100.101.102.103", host: "100.101.102.103", .accepted),
        Row("own IPv6 unique local address", "https://[fd00::1]:18789", host: "[fd00::1]:18789", .accepted),
        Row("own .local name", "https://gw.local:18789", host: "gw.local:18789", .accepted),
        Row("own .ts.net name", "https://gw.tail1234.ts.net", host: "gw.tail1234.ts.net", .accepted),
        Row("own public address", "https://93.184.216.34", host: "93.184.216.34", .notAllowed),
        Row("a private address that is not ours", "https://192.168.1.6:18789", host: "192.168.1.5:18789", .notAllowed),
        Row("own address under another port", "https://192.168.1.5:1", host: "192.168.1.5:18789", .notAllowed),
        Row("a public name that looks private", "https://192.168.1.5.evil.example", host: "192.168.1.5", .notAllowed),
        Row("a public name after .local", "https://gw.local.evil.example", host: "gw.local", .notAllowed),
        Row("own loopback, local client", "https://127.0.0.1:18789", host: "127.0.0.1:18789", local: true, .accepted),
        // 4. A local client's own development page.
        Row("local client, localhost on any port", "http://localhost:5173", local: true, .accepted),
        Row("local client, 127.0.0.1", "http://127.0.0.1:3000", local: true, .accepted),
        Row("local client, elsewhere in 127/8", "http://127.1.2.3", local: true, .accepted),
        Row("local client, ::1", "http://[::1]:3000", local: true, .accepted),
        Row("remote client, somebody's localhost", "http://localhost:5173", .notAllowed),
        Row("remote client, somebody's 127.0.0.1", "http://127.0.0.1:3000", .notAllowed),
        Row("local client, another site", "https://evil.example", local: true, .notAllowed),
        Row(
            "local client, a name that begins like loopback", "http://localhost.evil.example", local: true, .notAllowed),
        Row("local client, a name that begins like 127", "http://127.0.0.1.evil.example", local: true, .notAllowed),
        Row("local client, another machine", "http://192.168.1.6:3000", local: true, .notAllowed),
        // Invalid.
        Row("no scheme", "gw.example", .missingOrInvalid), Row("no host", "https://", .missingOrInvalid),
        Row("a path", "https://gw.example/path", .missingOrInvalid), Row("empty", "", .missingOrInvalid),
        Row("spaces", "https://a b", .missingOrInvalid),
        Row("invalid, any being listed", "garbage", .missingOrInvalid, allowed: ["*"]),
    ]

    @Test("the check says what the document says", arguments: rows)
    func check(_ row: Row) throws {
        var world = try World()
        world.policy.allowedOrigins = row.allowed
        world.policy.allowHostHeaderOrigin = row.allowsHostHeader
        let facts = TransportFacts(
            isDirectLocal: row.isDirectLocal, peer: row.isDirectLocal ? "127.0.0.1" : "10.9.8.7", origin: row.origin,
            host: row.host)
        // Any client that sends an Origin is checked.
        for caller in [Caller.cli(), .backend(), .webchat(), .controlUI(), .node()] {
            let decision = world.decide(caller.from(facts))
            switch row.verdict {
            case .accepted:
                #expect(
                    decision.trace.contains { $0.rule == .origin && $0.verdict == .passed }, "\(caller.clientID)")
            case .notAllowed:
                expectRefused(decision, .origin("origin not allowed"))
            case .missingOrInvalid:
                expectRefused(decision, .origin("origin missing or invalid"))
            }
        }
    }

    @Test("Control UI and webchat have to send an Origin; the TUI and all others need not")
    func missing() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        let child = try world.spawn()
        for place in [TransportFacts.local, .remote] {
            for who in [device, child] {
                expectRefused(world.decide(.controlUI(who).from(place)), .origin("origin missing or invalid"))
                expectRefused(world.decide(.webchat(who).from(place)), .origin("origin missing or invalid"))
                expectRefused(
                    world.decide(Caller("cli", "webchat", device: who).from(place)),
                    .origin("origin missing or invalid"))
                #expect(world.decide(.tui(who).from(place)).admitted != nil)
                #expect(world.decide(.cli(who).from(place)).admitted != nil)
            }
        }
    }

    @Test("the webchat adapter's own host passes (client requirement 9)")
    func webchatAdapter() throws {
        let world = try World()
        for host in ["127.0.0.1:18789", "localhost:18789", "172.18.0.2:18789", "gw.local", "gw.tail.ts.net"] {
            let local = host.hasPrefix("127") || host.hasPrefix("localhost")
            let facts = TransportFacts(
                isDirectLocal: local, peer: local ? "127.0.0.1" : "172.18.0.3", origin: "https://" + host, host: host)
            let decision = world.decide(.webchat(try World.stranger()).from(facts))
            #expect(decision.trace.contains { $0.rule == .origin && $0.verdict == .passed }, "\(host)")
        }
    }

    @Test("the origin is judged before the credential and after the version window")
    func order() throws {
        let world = try World()
        let foreign = TransportFacts(
            isDirectLocal: true, peer: "127.0.0.1", origin: "https://evil.example", host: "127.0.0.1:18789")
        expectRefused(world.decide(.cli().with(token: "wrong").from(foreign)), .origin("origin not allowed"))
        let old = world.decide(Caller.cli().from(foreign).with { $0.window = 1...2 })
        #expect(old.refusal?.close == GatewayClose(1002, "protocol mismatch"))
    }

    @Test("a foreign origin stops a live child, too: a page is not a child")
    func child() throws {
        var world = try World()
        let child = try world.spawn()
        var foreign = TransportFacts.remote
        foreign.origin = "https://evil.example"
        expectRefused(world.decide(.cli(child).from(foreign)), .origin("origin not allowed"))
    }
}
