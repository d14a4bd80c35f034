import Testing
import WebSocket

@Suite("Closing handshake, RFC 6455 §7")
struct CloseHandshakeTests {
    @Test("the server ends it: Close, Close, transport")
    func startedHere() {
        var handshake = CloseHandshake(endpoint: .server)
        #expect(handshake.maySendData)
        #expect(
            handshake.start(code: .goingAway, reason: "service restart")
                == .sendClose(code: .goingAway, reason: "service restart"))
        #expect(handshake.state == .closeSent(awaitsReply: true))
        #expect(!handshake.maySendData)
        #expect(handshake.closeFrameWritten() == nil)
        #expect(handshake.start(code: .normalClosure) == nil)
        #expect(handshake.received(code: .goingAway) == .closeTransport)
        #expect(handshake.state == .closed)
        #expect(handshake.receivedCode == .goingAway)
        #expect(handshake.wasClean)
    }

    @Test("the peer ends it: its code goes back, then the transport goes", arguments: [CloseCode.normalClosure, nil])
    func startedThere(_ code: CloseCode?) {
        var handshake = CloseHandshake(endpoint: .server)
        #expect(handshake.received(code: code) == .sendClose(code: code, reason: ""))
        #expect(handshake.state == .closeReceived)
        #expect(handshake.start(code: .goingAway) == nil)
        #expect(handshake.received(code: code) == nil)
        #expect(handshake.closeFrameWritten() == .closeTransport)
        #expect(handshake.receivedCode == code ?? .noStatusReceived)
        #expect(handshake.wasClean)
        #expect(handshake.closeFrameWritten() == nil)
    }

    @Test("a client lets the server close the transport first, until its deadline")
    func clientWaits() {
        var replying = CloseHandshake(endpoint: .client)
        _ = replying.received(code: .serviceRestart)
        #expect(replying.closeFrameWritten() == .awaitTransportClose)
        var starting = CloseHandshake(endpoint: .client)
        _ = starting.start(code: .normalClosure)
        #expect(starting.received(code: .normalClosure) == .awaitTransportClose)
    }

    @Test("a failed connection says why, awaits nothing, and goes once that is written")
    func failed() {
        var handshake = CloseHandshake(endpoint: .server)
        #expect(
            handshake.fail(.messageTooBig(length: 2, limit: 1), reason: "preauth payload too large")
                == .sendClose(code: .messageTooBig, reason: "preauth payload too large"))
        #expect(handshake.received(code: .normalClosure) == nil)
        #expect(handshake.fail(.invalidUTF8) == nil)
        #expect(handshake.closeFrameWritten() == .closeTransport)
        #expect(!handshake.wasClean)
        #expect(handshake.receivedCode == .abnormalClosure)
    }

    @Test("garbage in place of the awaited Close ends it at once")
    func failedWhileClosing() {
        var handshake = CloseHandshake(endpoint: .server)
        _ = handshake.start(code: .normalClosure)
        #expect(handshake.fail(.unmaskedClose) == .closeTransport)
        #expect(handshake.state == .closed)
    }

    @Test("the deadline ends a handshake that is under way and nothing else")
    func deadline() {
        var handshake = CloseHandshake(endpoint: .server)
        #expect(handshake.timerFired() == nil)
        _ = handshake.start(code: .normalClosure)
        #expect(handshake.timerFired() == .closeTransport)
        #expect(handshake.timerFired() == nil)
        #expect(!handshake.wasClean)
    }

    @Test("a vanished transport is the end")
    func transportClosed() {
        var handshake = CloseHandshake(endpoint: .client)
        handshake.transportClosed()
        #expect(handshake.state == .closed)
        #expect(handshake.start(code: .normalClosure) == nil)
        #expect(handshake.received(code: .normalClosure) == nil)
        #expect(handshake.receivedCode == .abnormalClosure)
    }
}
