import Server
import TLS
import Testing

struct CertificateNamesTests {
    private static func info() throws -> CertificateInfo {
        try CertificateInfo(
            pem: SelfSignedCertificate.generate(
                dnsNames: ["localhost", "Gateway.Example.net", "*.example.org"],
                ipAddresses: ["127.0.0.1", "2001:db8::1"],
                now: 1_700_000_000
            ).certificatePEM)
    }

    @Test(arguments: [
        ("localhost", true), ("gateway.example.net", true), ("*.example.org", true), ("127.0.0.1", true),
        ("2001:db8:0::1", true), ("a.example.org", false), ("example.net", false), ("127.0.0.2", false), ("a b", false),
    ])
    func aNameIsFoundAsItStands(_ name: String, _ isThere: Bool) throws {
        #expect(try Self.info().isFor(name) == isThere)
    }

    @Test func aMissingNameIsSaidWithWhatMendsIt() throws {
        let info = try Self.info()
        #expect(CertificateNames.warning([], info, isGenerated: true, path: "/c") == nil)
        #expect(CertificateNames.warning(["LOCALHOST"], info, isGenerated: true, path: "/c") == nil)
        let generated = try #require(
            CertificateNames.warning(["localhost", "a.net", "10.0.0.1"], info, isGenerated: true, path: "/c"))
        #expect(generated.contains("does not name a.net, 10.0.0.1 (gateway.tls.names)"))
        #expect(generated.contains("sallyport tls rotate"))
        let own = try #require(CertificateNames.warning(["a.net"], info, isGenerated: false, path: "/c"))
        #expect(own.contains("put these names into /c") && !own.contains("tls rotate"))
    }
}
