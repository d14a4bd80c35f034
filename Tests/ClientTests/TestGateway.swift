import Crypto
import EventLoop
import HTTP
import JSON
import Synchronization
import TLS
import Testing
import WebSocket

@testable import Client

/// How a test connection is dialled.
enum Wire: CaseIterable, CustomTestStringConvertible, Sendable {
    case plain
    case tls

    var testDescription: String { self == .plain ? "ws" : "wss" }
}

/// A gateway that follows a script, on a thread of its own, one connection after the other.
final class TestGateway: Sendable {
    typealias Script = @Sendable (TestPeer) throws -> Void

    static let certificate: (certificatePEM: String, privateKeyPEM: String) = {
        do {
            return try SelfSignedCertificate.generate(
                dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"], now: 1_790_000_000)
        } catch {
            preconditionFailure("no certificate could be made: \(error)")
        }
    }()

    let wire: Wire
    let port: UInt16
    private let thread: ReactorThread
    private let outcome: Outcome

    /// What went wrong on the gateway's thread.
    private final class Outcome: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    init(
        _ wire: Wire = .plain, on address: SocketAddress = .loopback(port: 0), connections: Int = 1,
        certificate: (certificatePEM: String, privateKeyPEM: String) = TestGateway.certificate,
        _ script: @escaping Script
    ) throws {
        let listener = try Sockets.listen(on: address)
        self.wire = wire
        port = try Sockets.localAddress(of: listener).port
        let outcome = Outcome()
        self.outcome = outcome
        let raw = listener.release()
        thread = try Reactor.spawnThread(name: "test gateway") { reactor in
            let listener = FileDescriptor(owning: raw)
            do {
                for _ in 0..<connections { try script(TestPeer(acceptedFrom: listener, wire, certificate)) }
            } catch {
                outcome.error.withLock { $0 = error }
            }
            reactor.stop()
        }
    }

    func url(host: String = "127.0.0.1", path: String = "") -> String {
        "\(wire == .plain ? "ws" : "wss")://\(host):\(port)\(path)"
    }

    /// Options that trust this gateway by pin.
    func options(host: String = "127.0.0.1", path: String = "") throws -> ConnectOptions {
        var options = ConnectOptions(url: url(host: host, path: path))
        if wire == .tls {
            let info = try CertificateInfo(pem: Self.certificate.certificatePEM)
            let pin = CertificatePin(info.certificateSHA256Hex)
            options.trust = .pins(PinSet(pin.map { [$0] } ?? []))
        }
        return options
    }

    /// Waits for the script's end and rethrows what it threw.
    func finish() throws {
        thread.join()
        if let error = outcome.error.withLock({ $0 }) { throw error }
    }
}

/// The gateway's end of one test connection. Every wait ends after ten seconds.
final class TestPeer {
    enum Failure: Error, Equatable { case timeout, ended, notUpgraded }

    static let challengeNonce = "0b7d4a0e-5f0c-4a3f-9a37-6f2d0a1c9e55"
    static let challengeTime: Int64 = 1_786_000_000_000

    let transport: Transport
    let deadline = Deadline(after: .seconds(10))
    private(set) var requestHead: RequestHead?
    private var decoder = MessageDecoder(endpoint: .server, maxMessageBytes: 64 << 20)
    private var received: [UInt8] = []
    private var offset = 0
    private(set) var closeReceived: (code: UInt16?, reason: String)?
    private(set) var pongs: [[UInt8]] = []

    init(
        acceptedFrom listener: borrowing FileDescriptor, _ wire: Wire,
        _ certificate: (certificatePEM: String, privateKeyPEM: String)
    ) throws {
        guard Polling.wait(listener.raw, for: .read, until: deadline.instant),
            let accepted = try Sockets.accept(listener)
        else { throw Failure.timeout }
        let socket = accepted.takeDescriptor()
        try Sockets.disableDelay(socket)
        switch wire {
        case .plain:
            transport = Transport(socket, tls: nil)
        case .tls:
            SignalSource.ignoreBrokenPipes()
            let context = try ServerTLSContext(
                certificatePEM: certificate.certificatePEM, privateKeyPEM: certificate.privateKeyPEM)
            let tls = try TLSConnection(accepting: context, descriptor: socket.raw)
            transport = Transport(socket, tls: tls)
            try transport.handshake(until: deadline)
        }
    }

    // MARK: Steps of a script

    func readRequestHead() throws -> RequestHead {
        var parser = RequestHeadParser()
        while true {
            let bytes = received
            if let (head, consumed) = try parser.parse(bytes.span) {
                received.removeFirst(consumed)
                requestHead = head
                return head
            }
            try readMore()
        }
    }

    func upgrade() throws {
        let key = try Upgrade.validate(try readRequestHead())
        try write(Upgrade.response(acceptKey: Upgrade.acceptKey(for: key, sha1: { SHA1.digest($0) })))
    }

    func challenge() throws {
        try send([
            "type": "event", "event": "connect.challenge",
            "payload": ["nonce": .string(Self.challengeNonce), "ts": .integer(Self.challengeTime)],
        ])
    }

    /// Upgrades, challenges, takes the `connect` request and says `hello-ok`.
    /// - Returns: The parameters of `connect`.
    @discardableResult
    func welcome(maxPayload: Int64 = 26_214_400) throws -> JSON {
        try upgrade()
        try challenge()
        let connect = try receiveRequest("connect")
        try respond(to: connect, payload: Self.hello(maxPayload: maxPayload))
        return connect["params"] ?? .null
    }

    static func hello(maxPayload: Int64) -> JSON {
        [
            "type": "hello-ok", "protocol": 4,
            "server": ["version": "test", "connId": "c-1"],
            "features": ["methods": [], "events": []],
            "snapshot": ["presence": [], "health": [:], "stateVersion": ["presence": 0, "health": 0], "uptimeMs": 1],
            "auth": ["role": "operator", "scopes": ["operator.read"], "deviceToken": "issued"],
            "policy": ["maxPayload": .integer(maxPayload), "maxBufferedBytes": 52_428_800, "tickIntervalMs": 30_000],
        ]
    }

    func receiveRequest(_ method: String) throws -> JSON {
        let request = try receive()
        guard request["type"]?.string == "req", request["method"]?.string == method else { throw Failure.ended }
        return request
    }

    func respond(to request: JSON, payload: JSON) throws {
        try send(["type": "res", "id": request["id"] ?? .null, "ok": true, "payload": payload])
    }

    func refuse(_ request: JSON, error: JSON) throws {
        try send(["type": "res", "id": request["id"] ?? .null, "ok": false, "error": error])
    }

    func sendEvent(_ name: String, _ payload: JSON, sequence: Int64? = nil) throws {
        var event = JSONObject([("type", "event"), ("event", .string(name)), ("payload", payload)])
        event["seq"] = sequence.map(JSON.integer)
        try send(.object(event))
    }

    func send(_ message: JSON) throws {
        try write(Self.frame(message))
    }

    static func frame(_ message: JSON) -> [UInt8] {
        var bytes: [UInt8] = []
        let payload = message.serialized()
        FrameEncoder.append(to: &bytes, opcode: .text, payload: payload.span)
        return bytes
    }

    func close(_ code: UInt16, _ reason: String) throws {
        var bytes: [UInt8] = []
        FrameEncoder.appendClose(to: &bytes, code: CloseCode(rawValue: code), reason: reason)
        try write(bytes)
    }

    func ping(_ payload: [UInt8]) throws {
        var bytes: [UInt8] = []
        FrameEncoder.append(to: &bytes, opcode: .ping, payload: payload.span)
        try write(bytes)
    }

    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            sent += transport.send(bytes.span.extracting(sent...))
            guard sent < bytes.count else { return }
            let isReady = Polling.wait(transport.descriptor, for: transport.writeInterest, until: deadline.instant)
            guard isReady, !deadline.isPast else { throw Failure.timeout }
        }
    }

    /// The next message; pongs are collected on the way.
    func receive() throws -> JSON {
        while true {
            switch try nextEvent() {
            case .message(_, .inPlace(let range)): return try JSONParser.parse(Array(received[range]))
            case .message(_, .assembled): return try JSONParser.parse(decoder.takeAssembled())
            case .pong(let range): pongs.append(Array(received[range]))
            case .ping: break
            case .close(let code, let reason):
                closeReceived = (code?.rawValue, reason)
                throw Failure.ended
            }
        }
    }

    /// Reads until the client closes or a pong arrives.
    func receivePong() throws -> [UInt8] {
        while true {
            if case .pong(let range) = try nextEvent() { return Array(received[range]) }
        }
    }

    func receivePing() throws -> [UInt8] {
        while true {
            if case .ping(let range) = try nextEvent() { return Array(received[range]) }
        }
    }

    /// Waits for the client's close frame.
    func receiveClose() throws -> (code: UInt16?, reason: String) {
        while true {
            if case .close(let code, let reason) = try nextEvent() { return (code?.rawValue, reason) }
        }
    }

    /// Waits until the client is gone.
    func waitForEnd() {
        do {
            while true { try readMore() }
        } catch {}
    }

    private func nextEvent() throws -> MessageDecoder.Event {
        while true {
            var span = received.mutableSpan
            if let event = try decoder.next(in: &span, at: &offset) { return event }
            received.removeFirst(offset)
            offset = 0
            try readMore()
        }
    }

    private func readMore() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            switch try transport.receive(into: &buffer) {
            case .bytes(let count):
                received.append(contentsOf: buffer[..<count])
                return
            case .wouldBlock:
                let interest = transport.interest(wantsToWrite: false)
                guard Polling.wait(transport.descriptor, for: interest, until: deadline.instant)
                else { throw Failure.timeout }
            case .ended:
                throw Failure.ended
            }
        }
    }
}
