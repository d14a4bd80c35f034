import EventLoop
import Foundation
import JSON
import TLS
import Testing

@testable import Client

@Suite("Interrupting what dials")
struct InterruptTests {
    /// A descriptor that becomes readable when it is told to.
    final class Interrupt: Sendable {
        let descriptor: Int32
        private let other: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(unsafe pipe(&ends) == 0)
            (descriptor, other) = (ends[0], ends[1])
        }

        func fire() { _ = unsafe write(other, [UInt8(1)], 1) }

        deinit {
            close(descriptor)
            close(other)
        }
    }

    enum Stage: CaseIterable, CustomTestStringConvertible {
        case before, tls, upgrade, challenge, hello

        var testDescription: String { "\(self)" }
    }

    @Test("a gateway that says nothing holds nobody who is told to end", arguments: Stage.allCases)
    func stages(_ stage: Stage) throws {
        let interrupt = try Interrupt()
        let gateway = try TestGateway(stage == .tls || stage == .before ? .plain : .tls) { peer in
            switch stage {
            case .before: return
            case .tls: break
            case .upgrade: _ = try peer.readRequestHead()
            case .challenge: try peer.upgrade()
            case .hello:
                try peer.upgrade()
                try peer.challenge()
                _ = try peer.receiveRequest("connect")
            }
            interrupt.fire()
            peer.waitForEnd()
        }
        var options = try gateway.options()
        if stage == .tls || stage == .before {
            options.url = "wss://127.0.0.1:\(gateway.port)"
            options.trust = .pins(PinSet([]))
        }
        if stage == .before { interrupt.fire() }
        options.interrupt = interrupt.descriptor
        options.connectTimeout = .seconds(60)
        let interrupted = options
        let start = ContinuousClock.now
        #expect(throws: ClientError.interrupted) { try GatewayClient.connect(interrupted) }
        #expect(ContinuousClock.now - start < .seconds(20))
        // One that was interrupted before it began may not have come that far.
        if stage != .before { try gateway.finish() }
    }

    @Test("an address that swallows packets holds nobody either")
    func connecting() throws {
        let interrupt = try Interrupt()
        // A listener whose queue is full answers no more.
        let listener = try Sockets.listen(on: .loopback(port: 0), backlog: 0)
        let address = try Sockets.localAddress(of: listener)
        var fillers: [Int32] = []
        defer { for filler in fillers { close(filler) } }
        for _ in 0..<8 { fillers.append(try Sockets.connect(to: address).release()) }
        var options = ConnectOptions(url: "ws://127.0.0.1:\(address.port)")
        options.interrupt = interrupt.descriptor
        options.connectTimeout = .seconds(60)
        let interrupted = options
        let timer = DispatchWorkItem { interrupt.fire() }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(200), execute: timer)
        #expect(throws: ClientError.interrupted) { try GatewayClient.connect(interrupted) }
    }

    @Test("a request is interrupted, and the connection lives on")
    func request() throws {
        let interrupt = try Interrupt()
        let gateway = try TestGateway { peer in
            try peer.welcome()
            _ = try peer.receiveRequest("slow")
            interrupt.fire()
            let next = try peer.receiveRequest("next")
            try peer.respond(to: next, payload: 7)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        #expect(throws: ClientError.interrupted) {
            try client.request("slow", timeout: .seconds(60), interrupt: interrupt.descriptor)
        }
        #expect(try client.request("next") == 7)
        client.close()
        try gateway.finish()
    }
}
