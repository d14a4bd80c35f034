import EventLoop
import Foundation
import Synchronization

/// A forwarder in front of a gateway that cuts all connections, or holds up what passes, when it is told to.
final class ChaosRelay: Sendable {
    let port: UInt16
    private let target = Mutex<UInt16>(0)
    private let isStopped = Atomic<Bool>(false)
    /// Connections of an earlier generation are cut.
    private let generation = Atomic<Int>(0)
    /// Milliseconds that each piece is held up.
    private let delay = Atomic<Int>(0)

    init() throws {
        let listener = try Sockets.listen(on: .loopback(port: 0))
        port = try Sockets.localAddress(of: listener).port
        let raw = listener.release()
        Thread { [self] in serve(FileDescriptor(owning: raw)) }.start()
    }

    func forward(to port: UInt16) { target.withLock { $0 = port } }
    func cut() { generation.add(1, ordering: .relaxed) }
    func holdUp(milliseconds: Int) { delay.store(milliseconds, ordering: .relaxed) }
    func stop() { isStopped.store(true, ordering: .relaxed) }

    private var isRunning: Bool { !isStopped.load(ordering: .relaxed) }

    private func serve(_ listener: consuming FileDescriptor) {
        while isRunning {
            guard Self.isReady(listener.raw, POLLIN, milliseconds: 50),
                let connection = try? Sockets.accept(listener)
            else { continue }
            let raw = connection.takeDescriptor().release()
            Thread { [self] in carry(raw) }.start()
        }
    }

    private func carry(_ raw: Int32) {
        let client = FileDescriptor(owning: raw)
        let born = generation.load(ordering: .relaxed)
        guard let server = try? Sockets.connect(to: .loopback(port: target.withLock { $0 })),
            Self.isReady(server.raw, POLLOUT, milliseconds: 1000)
        else { return }
        while isRunning, generation.load(ordering: .relaxed) == born {
            var polled = [
                pollfd(fd: client.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server.raw, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&polled, 2, 20) > 0 else { continue }
            let held = delay.load(ordering: .relaxed)
            if held > 0 { _ = poll(nil, 0, Int32(held)) }
            if polled[0].revents != 0, !Self.move(client, server) { return }
            if polled[1].revents != 0, !Self.move(server, client) { return }
        }
    }

    /// - Returns: whether there may be more.
    private static func move(_ source: borrowing FileDescriptor, _ sink: borrowing FileDescriptor) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var span = buffer.mutableSpan
        guard case .bytes(let count) = Sockets.receive(source, into: &span) else { return false }
        var sent = 0
        while sent < count {
            switch Sockets.send(sink, buffer.span.extracting(sent..<count)) {
            case .bytes(let written): sent += written
            case .wouldBlock: guard isReady(sink.raw, POLLOUT, milliseconds: 1000) else { return false }
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
