import JSON
import Testing
import Wire

@testable import Gateway

@Suite("What clients hear of the certificate")
struct CertificateTests {
    private static let present = CertificatePins(certificateSHA256: "aa", spkiSHA256: "bb")
    private static let next = CertificatePins(certificateSHA256: "cc", spkiSHA256: "dd")
    private static let plain = ServedCertificate(current: present)

    private func announced(in gateway: TestGateway) -> ServedCertificate {
        ServedCertificate(current: Self.present, next: Self.next, effectiveAtMs: gateway.nowMs + 60_000)
    }

    private func change(_ gateway: TestGateway, to served: ServedCertificate) -> [(payload: JSON, to: [ConnectionID])] {
        _ = gateway.takeSteps()
        gateway.perform(gateway.core.certificateChanged(served, nowMs: gateway.nowMs))
        return gateway.takeSteps().events(.tlsPinNext)
    }

    @Test("everybody connected hears of the next one with both digests, its time, and the present one")
    func announcement() throws {
        let gateway = try TestGateway()
        #expect(change(gateway, to: Self.plain).isEmpty)
        let owner = gateway.connect(.owner())
        let (_, worker) = try gateway.running(owner)
        let events = change(gateway, to: announced(in: gateway))
        #expect(events.count == 1)
        #expect(Set(events[0].to) == [owner, worker])
        #expect(
            events[0].payload == [
                "certificateSHA256": "cc", "spkiSHA256": "dd", "effectiveAtMs": .integer(gateway.nowMs + 60_000),
                "current": ["certificateSHA256": "aa", "spkiSHA256": "bb"],
            ])
        #expect(change(gateway, to: announced(in: gateway)).isEmpty, "nothing is new")
    }

    @Test("whoever connects later hears of it behind hello-ok, until it is no more to come")
    func latecomers() throws {
        let gateway = try TestGateway()
        _ = change(gateway, to: Self.plain)
        gateway.connect(.owner())
        #expect(gateway.takeSteps().names == ["open"])
        _ = change(gateway, to: announced(in: gateway))
        let id = gateway.connect(.owner())
        let steps = gateway.takeSteps()
        #expect(steps.names == ["open", "tls.pin.next"])
        #expect(steps.events(.tlsPinNext).first?.to == [id])
        _ = change(gateway, to: ServedCertificate(current: Self.next))
        gateway.connect(.owner())
        #expect(gateway.takeSteps().names == ["open"])
    }

    @Test("a switch, and one that was taken back, name the one in use, from now on")
    func changes() throws {
        for current in [Self.next, Self.present] {
            let gateway = try TestGateway()
            _ = change(gateway, to: announced(in: gateway))
            gateway.connect(.owner())
            let events = change(gateway, to: ServedCertificate(current: current))
            let pins: JSON = [
                "certificateSHA256": .string(current.certificateSHA256), "spkiSHA256": .string(current.spkiSHA256),
            ]
            #expect(events.count == 1)
            #expect(events.first?.payload["certificateSHA256"]?.string == current.certificateSHA256)
            #expect(events.first?.payload["effectiveAtMs"]?.integer == gateway.nowMs)
            #expect(events.first?.payload["current"] == pins)
        }
    }

    @Test("status says both; without TLS it says nothing")
    func status() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        func tls() throws -> JSON? { try #require(gateway.call(owner, .status))["payload"]?["tls"] }
        #expect(try tls() == nil)
        _ = change(gateway, to: Self.plain)
        #expect(try tls() == ["certificateSHA256": "aa", "spkiSHA256": "bb"])
        _ = change(gateway, to: announced(in: gateway))
        #expect(try tls()?["next"]?["certificateSHA256"] == "cc")
        #expect(try tls()?["next"]?["effectiveAtMs"]?.integer == gateway.nowMs + 60_000)
    }
}
