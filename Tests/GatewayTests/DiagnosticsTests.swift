import Gateway
import JSON
import Testing
import Wire

@Suite("diagnostics.echo and diagnostics.broadcast, our additions")
struct DiagnosticsTests {
    @Test("a broadcast reaches everybody who may read, with what it was given")
    func broadcast() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let reader = gateway.connect(.owner(scopes: ["operator.read"]))
        _ = gateway.connect(.owner(scopes: ["operator.pairing"]))
        let answer = try #require(gateway.call(owner, .diagnosticsBroadcast, ["note": "hello"]))
        #expect(answer["payload"] == ["connections": 2])
        let events = gateway.takeSteps().events(.diagnosticsBroadcast)
        #expect(events.map(\.payload) == [["note": "hello"]])
        #expect(Set(events[0].to) == [owner, reader])
    }

    @Test("an echo is its params")
    func echo() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        #expect(gateway.call(owner, .diagnosticsEcho, ["note": [1, 2]])?["payload"] == ["note": [1, 2]])
        #expect(gateway.call(owner, .diagnosticsEcho)?["payload"] == [:])
    }
}
