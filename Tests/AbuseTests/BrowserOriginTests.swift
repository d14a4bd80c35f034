import Gateway
import JSON
import Testing
import Trust
import Wire

@Suite struct BrowserOriginTests {
    private static let backend = ClientInfo(id: "gateway-client", version: "1", platform: "linux", mode: "backend")

    @Test(arguments: ["null", "NULL", "", "http://evil.example"])
    func isNeverTakenForAClientWithoutABrowser(origin: String) throws {
        for mode in [AdmissionPolicy.AuthMode.none, .token] {
            var gateway = try TestGateway { $0.policy.authMode = mode }
            let facts = TransportFacts(isDirectLocal: true, peer: "127.0.0.1", origin: origin, host: "127.0.0.1:1")
            let (_, answer) = gateway.connect(nil, client: Self.backend, facts: facts)
            #expect(answer.admitted == nil)
            #expect(answer.error?["details"]?["code"]?.string == "CONTROL_UI_ORIGIN_NOT_ALLOWED")
        }
    }

    @Test func localBackendWithoutOriginIsStillLetIn() throws {
        var gateway = try TestGateway()
        let (_, answer) = gateway.connect(nil, client: Self.backend)
        #expect(answer.admitted?.scopes.covers(.admin) == true)
    }
}
