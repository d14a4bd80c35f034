import Client
import JSON
import Testing

@Suite("Client errors")
struct ClientErrorTests {
    private let pairing = GatewayErrorBody(
        code: "NOT_PAIRED", message: "pairing required: device is not approved yet",
        details: ["code": "PAIRING_REQUIRED", "reason": "not-paired", "requestId": "6f1a"])

    @Test("closes read as users know them")
    func descriptions() {
        let refused = ClientError.refused(
            pairing, closeCode: 1008, closeReason: "pairing required: not-paired (requestId: 6f1a)")
        #expect(refused.description == "gateway closed (1008): pairing required: not-paired (requestId: 6f1a)")
        let reasonless = ClientError.refused(pairing, closeCode: 1008, closeReason: "")
        #expect(reasonless.description == "gateway closed (1008): pairing required: device is not approved yet")
        #expect(ClientError.refused(pairing, closeCode: nil, closeReason: nil).description == pairing.message)
        #expect(
            ClientError.closed(code: 1006, reason: "").description
                == "gateway closed (1006 abnormal closure (no close frame)): no close reason")
        #expect(
            ClientError.closed(code: 1000, reason: "").description
                == "gateway closed (1000 normal closure): no close reason")
        #expect(
            ClientError.timeout(waitingFor: "health", milliseconds: 10_000).description
                == "gateway timeout after 10000ms (waiting for health)")
    }

    @Test("the request to approve is found in details, message or close reason")
    func requestID() {
        #expect(ClientError.refused(pairing, closeCode: 1008, closeReason: nil).pairingRequestID == "6f1a")
        let bare = GatewayErrorBody(code: "NOT_PAIRED", message: "pairing required: x (requestId: a.b_c:d-1)")
        #expect(bare.pairingRequestID == "a.b_c:d-1")
        #expect(
            ClientError.closed(code: 1008, reason: "pairing required: not-paired (requestId: 77)").pairingRequestID
                == "77")
        #expect(
            ClientError.closed(code: 1008, reason: "pairing required: not-paired (requestId: 77").pairingRequestID
                == nil)
        #expect(ClientError.closed(code: 1008, reason: "slow consumer (requestId: 77)").pairingRequestID == nil)
        #expect(
            ClientError.closed(code: 1008, reason: "pairing required (requestId: a b)").pairingRequestID == nil)
    }
}
