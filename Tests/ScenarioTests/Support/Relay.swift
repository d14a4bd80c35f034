import EventLoop
import Foundation
import Synchronization

/// A forwarder on this host, in front of a gateway: plain, silent, or one that adds fields to the request.
final class Relay: Sendable {
    enum Behaviour: Sendable {
        /// Takes connections and never answers.
        case silent
        case forwarding
        /// Puts these lines behind the request line of a plain HTTP request.
        case adding(fields: String)
        /// Sends these bytes to the gateway before anything else, as a proxy does with a PROXY header.
        case announcing([UInt8])
    }

    let port: UInt16
    private let behaviour: Behaviour
    private let isStopped = Atomic<Bool>(false)
    private let target = Mutex<SocketAddress?>(nil)
    private let accepted = Atomic<Int>(0)

    init(_ behaviour: Behaviour) throws {
        self.behaviour = behaviour
        let listener = try Sockets.listen(on: .loopback(port: 0))
        port = try Sockets.localAddress(of: listener).port
        let raw = listener.release()
        Thread { [self] in serve(FileDescriptor(owning: raw)) }.start()
    }

    /// Where connections go. Until it is said, those that come are held.
    func forward(to port: UInt16) { forward(to: .loopback(port: port)) }

    func forward(to address: SocketAddress) { target.withLock { $0 = address } }

    var acceptedCount: Int { accepted.load(ordering: .relaxed) }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    private var isRunning: Bool { !isStopped.load(ordering: .relaxed) }

    private func serve(_ listener: consuming FileDescriptor) {
        var held: [Int32] = []
        defer { for descriptor in held { close(descriptor) } }
        while isRunning {
            guard Self.isReady(listener.raw, POLLIN, milliseconds: 50),
                let connection = try? Sockets.accept(listener)
            else { continue }
            let raw = connection.takeDescriptor().release()
            accepted.add(1, ordering: .relaxed)
            if case .silent = behaviour {
                held.append(raw)
            } else {
                Thread { [self] in carry(raw) }.start()
            }
        }
    }

    private func carry(_ raw: Int32) {
        let client = FileDescriptor(owning: raw)
        while isRunning, target.withLock({ $0 }) == nil { _ = poll(nil, 0, 10) }
        guard let address = target.withLock({ $0 }), let server = try? Sockets.connect(to: address),
            Self.isReady(server.raw, POLLOUT, milliseconds: 5000)
        else { return }
        if case .announcing(let bytes) = behaviour { _ = Sockets.send(server, bytes.span) }
        var addition = ""
        if case .adding(let fields) = behaviour { addition = fields }
        while isRunning {
            var polled = [
                pollfd(fd: client.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server.raw, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&polled, 2, 50) > 0 else { continue }
            if polled[0].revents != 0, !Self.move(client, server, adding: &addition) { return }
            var nothing = ""
            if polled[1].revents != 0, !Self.move(server, client, adding: &nothing) { return }
        }
    }

    /// - Returns: whether there may be more.
    private static func move(
        _ source: borrowing FileDescriptor, _ sink: borrowing FileDescriptor, adding addition: inout String
    ) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var span = buffer.mutableSpan
        guard case .bytes(let count) = Sockets.receive(source, into: &span) else { return false }
        var bytes = Array(buffer[..<count])
        if !addition.isEmpty, let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            bytes.insert(contentsOf: Array((addition + "\r\n").utf8), at: end + 1)
            addition = ""
        }
        var sent = 0
        while sent < bytes.count {
            switch Sockets.send(sink, bytes.span.extracting(sent...)) {
            case .bytes(let count): sent += count
            case .wouldBlock: _ = isReady(sink.raw, POLLOUT, milliseconds: 1000)
            case .endOfStream, .failed: return false
            }
        }
        return true
    }

    private static func isReady(_ descriptor: Int32, _ events: Int32, milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&polled, 1, milliseconds) > 0
    }
}
