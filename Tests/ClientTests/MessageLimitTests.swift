import JSON
import Testing

@testable import Client

@Suite("Message of 25 MiB")
struct MessageLimitTests {
    /// The text that makes a response of exactly the limit.
    private static func largest() -> String {
        let empty: JSON = ["type": "res", "id": "2", "ok": true, "payload": ""]
        return String(repeating: "x", count: GatewayClient.maxMessageBytes - empty.serialized().count)
    }

    @Test("a response of the limit arrives", arguments: Wire.allCases)
    func limit(_ wire: Wire) throws {
        let text = Self.largest()
        let gateway = try TestGateway(wire) { peer in
            try peer.welcome()
            try peer.respond(to: try peer.receiveRequest("big"), payload: .string(text))
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        let answer = try client.request("big", timeout: .seconds(10))
        #expect(answer.string?.utf8.count == text.utf8.count)
        client.close()
        try gateway.finish()
    }

    @Test(
        "one byte more ends the connection, and a server that goes on writing does not hold it",
        arguments: Wire.allCases)
    func excess(_ wire: Wire) throws {
        let text = Self.largest() + "x"
        let gateway = try TestGateway(wire) { peer in
            try peer.welcome()
            try peer.respond(to: try peer.receiveRequest("big"), payload: .string(text))
        }
        let limit = GatewayClient.maxMessageBytes
        do {
            let client = try GatewayClient.connect(try gateway.options())
            let expected = ClientError.protocolViolation("messageTooBig(length: \(limit + 1), limit: \(limit))")
            #expect(throws: expected) { _ = try client.request("big", timeout: .seconds(10)) }
        }
        try gateway.finish()
    }
}
