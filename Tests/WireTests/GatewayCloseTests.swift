import Errors
import Testing
import Wire

@Suite("Close frames, wire protocol 1.4")
struct GatewayCloseTests {
    @Test("codes and reasons are the documented ones")
    func catalogue() {
        let documented: [(GatewayClose, UInt16, String)] = [
            (.handshakeTimeout, 1000, ""), (.protocolMismatch, 1002, "protocol mismatch"),
            (.invalidFrame, 1008, "invalid request frame"),
            (.firstRequestMustBeConnect, 1008, "invalid handshake: first request must be connect"),
            (.preauthPayloadTooLarge, 1009, "preauth payload too large"), (.slowConsumer, 1008, "slow consumer"),
            (.repeatedUnauthorizedCalls, 1008, "repeated unauthorized calls"),
            (.serviceRestart, 1012, "service restart"), (.deviceRemoved, 4001, "device removed"),
            (.authChanged, 4001, "gateway auth changed"),
        ]
        for (close, code, reason) in documented {
            #expect(close.code == code)
            #expect(close.reason == reason)
        }
    }

    @Test("a reason of up to 120 bytes is kept")
    func kept() {
        for length in [0, 1, 119, 120] {
            let reason = String(repeating: "x", count: length)
            #expect(GatewayClose(1008, reason).reason == reason)
        }
        let exact = String(repeating: "é", count: 60)
        #expect(GatewayClose(1008, exact).reason == exact)
    }

    @Test(
        "a longer reason is cut at 120 bytes, and never inside a scalar", arguments: ["x", "é", "€", "😀", "e\u{301}"])
    func cut(_ unit: String) {
        for lead in 0..<5 {
            let text = String(repeating: "a", count: lead) + String(repeating: unit, count: 130)
            let reason = GatewayClose(1008, text).reason
            #expect(reason.utf8.count <= 120)
            #expect(text.utf8.starts(with: reason.utf8))
            #expect(!reason.unicodeScalars.contains("\u{FFFD}"))
            let next = text.unicodeScalars.dropFirst(reason.unicodeScalars.count).first
            #expect(reason.utf8.count + (next.map(UTF8.width) ?? 0) > 120, "cut too early: \(reason.utf8.count)")
        }
    }

    @Test("121 bytes lose the last scalar only")
    func justOver() {
        #expect(GatewayClose(1008, String(repeating: "x", count: 121)).reason.utf8.count == 120)
        let tail = String(repeating: "x", count: 118) + "€"
        #expect(GatewayClose(1008, tail).reason == String(repeating: "x", count: 118))
    }

    @Test("the reasons that this gateway composes survive the limit, but for the origin's prose")
    func composed() {
        let client = ClientInfoTests.client("cli", "cli")
        for failure in AuthFailure.allCases {
            #expect(failure.message(to: client).utf8.count <= 120, "\(failure)")
        }
        for failure in ProofFailure.allCases { #expect(failure.text.sentence.utf8.count <= 120) }
        let origin = ConnectRefusal.originNotAllowed(reason: "origin not allowed", origin: "https://x")
        #expect(origin.error.message.hasPrefix(origin.close.reason))
    }
}
