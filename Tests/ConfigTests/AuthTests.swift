import Config
import Testing

@Suite("Authentication settings")
struct AuthTests {
    @Test("the mode follows the one secret that is set")
    func inferredMode() throws {
        #expect(try loaded("gateway:{auth:{token:'a'}}").gateway.auth.mode == .token)
        #expect(try loaded("gateway:{auth:{password:'a'}}").gateway.auth.mode == .password)
        #expect(try loaded("", environment: ["OPENCLAW_GATEWAY_PASSWORD": "a"]).gateway.auth.mode == .password)
        let both = try loaded("gateway:{auth:{mode:'password',token:'a',password:'b'}}").gateway.auth
        #expect(both.mode == .password)
        #expect(both.token == Secret("a"))
    }

    @Test("references are resolved from the environment, the env block and files")
    func references() throws {
        let env = "gateway:{auth:{token:{source:'env',provider:'default',id:'T'}}}"
        let fromEnvironment = try loaded(env, environment: ["T": "one"])
        #expect(fromEnvironment.gateway.auth.token == Secret("one"))
        #expect(fromEnvironment.source(of: "gateway.auth.token") == .file(path: "/c/openclaw.json", line: 1))
        #expect(try loaded("env:{T:'two'},\(env)").gateway.auth.token == Secret("two"))
        let file = "gateway:{auth:{password:{source:'file',id:'secrets/p'}}}"
        #expect(try loaded(file, others: ["/c/secrets/p": "three\n"]).gateway.auth.password == Secret("three"))
        let home = "gateway:{auth:{token:{source:'file',id:'~/t'}}}"
        let inHome = try loaded(home, environment: ["HOME": "/home/u"], others: ["/home/u/t": "four"])
        #expect(inHome.gateway.auth.token == Secret("four"))
        #expect(problems(file, others: ["/c/secrets/p": " \n"]).map(\.path).first == "gateway.auth.password")
    }

    @Test("an explicit reference that fails is not replaced by another credential")
    func failsClosed() {
        let found = problems("gateway:{auth:{mode:'password',password:{source:'env',id:'NOPE'},token:'t'}}")
        #expect(found.map(\.path) == ["gateway.auth.password"])
        #expect(found.first?.remedy == "set NOPE in the environment")
    }

    @Test("trusted-proxy mode needs proxies and a header, and no token")
    func trustedProxy() throws {
        let complete = "trustedProxies:['10.0.0.1'],auth:{mode:'trusted-proxy',trustedProxy:{userHeader:'x-user'}"
        let auth = try loaded("gateway:{\(complete)}}").gateway.auth
        #expect(auth.mode == .trustedProxy)
        #expect(auth.trustedProxy.userHeader == "x-user")
        #expect(
            problems("gateway:{auth:{mode:'trusted-proxy'}}").map(\.path) == [
                "gateway.auth.trustedProxy.userHeader", "gateway.trustedProxies",
            ])
        let socket = "listeners:[{path:'/run/gw.sock'}],auth:{mode:'trusted-proxy',trustedProxy:{userHeader:'x-user'}}"
        #expect(try loaded("gateway:{\(socket)}").gateway.hasProxySocket, "a proxy at a Unix socket is one")
        let written = problems("gateway:{\(complete),token:'t'}}")
        #expect(written.map(\.severity) == [.error])
        let inherited = load(
            "{gateway:{mode:'local',\(complete)}}}", environment: ["OPENCLAW_GATEWAY_TOKEN": "t"])
        #expect(inherited.problems.map(\.severity) == [.warning])
        #expect(inherited.configuration?.gateway.auth.token == nil)
    }

    @Test("what users of a proxy may do is read, and what is wrong in it is named")
    func identity() throws {
        let mode = "trustedProxies:['10.0.0.1'],auth:{mode:'trusted-proxy',trustedProxy:{userHeader:'x-user'"
        let auth = try loaded(
            "gateway:{\(mode),deviceAutoApprove:{enabled:true}},identityScopes:{'ana@example.com':['operator.read']}}}"
        ).gateway.auth
        #expect(auth.identityScopes == ["ana@example.com": ["operator.read"]])
        #expect(
            auth.trustedProxy.deviceAutoApprove == ["operator.read", "operator.write", "operator.approvals"])
        let named = try loaded(
            "gateway:{\(mode),deviceAutoApprove:{enabled:true,scopes:['operator.read']}}}}"
        ).gateway.auth
        #expect(named.trustedProxy.deviceAutoApprove == ["operator.read"])
        #expect(try loaded("gateway:{\(mode)}}}").gateway.auth.trustedProxy.deviceAutoApprove == nil)
        let idle = problems(
            "gateway:{auth:{identityScopes:{ana:['operator.read']},trustedProxy:{deviceAutoApprove:{enabled:true}}}}")
        #expect(
            idle.map(\.path) == ["gateway.auth.identityScopes", "gateway.auth.trustedProxy.deviceAutoApprove"])
        #expect(idle.allSatisfy { $0.severity == .warning })
        for wrong in ["[]", "{ana:'operator.read'}", "{ana:['read']}", "{'  ':['operator.read']}"] {
            let found = problems("gateway:{auth:{identityScopes:\(wrong)}}")
            #expect(found.map(\.path) == ["gateway.auth.identityScopes"], "\(wrong)")
        }
    }

    @Test("rate limits are read")
    func rateLimit() throws {
        let limit = try loaded(
            "gateway:{auth:{rateLimit:{maxAttempts:3,windowMs:1000,lockoutMs:2000,exemptLoopback:false}}}"
        ).gateway.auth.rateLimit
        #expect(limit.maxAttempts == 3)
        #expect(limit.window == .seconds(1))
        #expect(limit.lockout == .seconds(2))
        #expect(!limit.exemptLoopback)
    }

    @Test("a fingerprint is taken in any usual spelling")
    func fingerprint() throws {
        let plain = String(repeating: "ab", count: 32)
        let colons = Array(repeating: "AB", count: 32).joined(separator: ":")
        for spelling in [plain, colons, "sha256:\(plain)", "SHA256:\(colons)"] {
            #expect(try loaded("gateway:{tls:{fingerprint:'\(spelling)'}}").gateway.tls.fingerprints == [plain])
        }
    }

    @Test("several fingerprints are taken as an array, or with commas between them")
    func fingerprints() throws {
        let (one, two) = (String(repeating: "ab", count: 32), String(repeating: "cd", count: 32))
        for spelling in ["['\(one)', 'sha256:\(two)']", "'\(one), SHA256:\(two)'"] {
            #expect(try loaded("gateway:{tls:{fingerprint:\(spelling)}}").gateway.tls.fingerprints == [one, two])
            let remote = try loaded("gateway:{remote:{tlsFingerprint:\(spelling)}}").gateway.remote
            #expect(remote.tlsFingerprints == [one, two])
        }
    }

    @Test("client certificates are required from elsewhere where there are authorities for them")
    func clientCertificates() throws {
        #expect(try loaded("gateway:{tls:{caPath:'/ca.pem'}}").gateway.tls.requiresClientCertificate)
        let optional = try loaded("gateway:{tls:{caPath:'/ca.pem',clientCertificate:'optional'}}").gateway.tls
        #expect(!optional.requiresClientCertificate && optional.caPath == "/ca.pem")
        #expect(try !loaded("gateway:{tls:{clientCertificate:'required'}}").gateway.tls.requiresClientCertificate)
    }

    @Test("the gateway elsewhere has its own credentials and trust")
    func remote() throws {
        let remote = try loaded(
            "gateway:{remote:{url:'wss://gw:1',token:'t',transport:'direct',tlsCaPath:'/ca',clientCertPath:'/c'}}"
        ).gateway.remote
        #expect(remote.url == "wss://gw:1")
        #expect(remote.token?.value == "t")
        #expect(remote.tlsCAPath == "/ca" && remote.clientCertPath == "/c" && remote.clientKeyPath == nil)
    }
}
