import EventLoop
import Foundation
import Synchronization
import Testing

@testable import Client

/// An HTTP proxy for one connection, on a thread of its own.
final class TestProxy: Sendable {
    enum Answer: Sendable {
        /// Connects to this port of loopback, whatever host was asked for, and forwards.
        case connect(toPort: UInt16)
        /// Says this and closes.
        case say(String)
        case hold
    }

    let port: UInt16
    private let thread: ReactorThread
    private let service: Service

    init(_ answer: Answer) throws {
        let listener = try Sockets.listen(on: .loopback(port: 0))
        port = try Sockets.localAddress(of: listener).port
        let raw = listener.release()
        let service = Service()
        self.service = service
        thread = try Reactor.spawnThread(name: "test proxy") { reactor in
            service.serve(FileDescriptor(owning: raw), answer)
            reactor.stop()
        }
    }

    /// The request for a tunnel.
    var request: String { service.head.withLock { $0 } }

    var environment: [String: String] { ["HTTPS_PROXY": "http://127.0.0.1:\(port)"] }

    func finish() {
        service.isStopped.store(true, ordering: .relaxed)
        thread.join()
    }

    private final class Service: Sendable {
        let head = Mutex<String>("")
        let isStopped = Atomic<Bool>(false)
        private let deadline = MonotonicInstant.now() + .seconds(20)

        func serve(_ listener: consuming FileDescriptor, _ answer: Answer) {
            guard wait(listener.raw), let accepted = try? Sockets.accept(listener) else { return }
            let client = accepted.takeDescriptor()
            var request: [UInt8] = []
            while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                guard wait(client.raw), let bytes = Self.receive(client), !bytes.isEmpty else { return }
                request += bytes
            }
            head.withLock { $0 = String(decoding: request, as: UTF8.self) }
            switch answer {
            case .hold:
                while wait(client.raw) { if Self.receive(client)?.isEmpty != false { return } }
            case .say(let text):
                Self.send(Array(text.utf8), to: client)
            case .connect(let port):
                guard let server = try? Sockets.connect(to: .loopback(port: port)),
                    Polling.wait(server.raw, for: .write, until: deadline)
                else { return }
                Self.send(Array("HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n".utf8), to: client)
                forward(client, server)
            }
        }

        private func forward(_ client: borrowing FileDescriptor, _ server: borrowing FileDescriptor) {
            while !isStopped.load(ordering: .relaxed), MonotonicInstant.now() < deadline {
                let soon = MonotonicInstant.now() + .milliseconds(5)
                if Polling.wait(client.raw, for: .read, until: soon) {
                    guard let bytes = Self.receive(client), !bytes.isEmpty else { return }
                    Self.send(bytes, to: server)
                }
                if Polling.wait(server.raw, for: .read, until: .now()) {
                    guard let bytes = Self.receive(server), !bytes.isEmpty else { return }
                    Self.send(bytes, to: client)
                }
            }
        }

        private func wait(_ descriptor: Int32) -> Bool {
            while !isStopped.load(ordering: .relaxed), MonotonicInstant.now() < deadline {
                let soon = MonotonicInstant.now() + .milliseconds(20)
                if Polling.wait(descriptor, for: .read, until: soon) { return true }
            }
            return false
        }

        /// Nil after a failure, empty at the end.
        private static func receive(_ socket: borrowing FileDescriptor) -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var span = buffer.mutableSpan
            switch Sockets.receive(socket, into: &span) {
            case .bytes(let count): return Array(buffer[..<count])
            case .endOfStream: return []
            case .wouldBlock, .failed: return nil
            }
        }

        private static func send(_ bytes: [UInt8], to socket: borrowing FileDescriptor) {
            var sent = 0
            while sent < bytes.count {
                switch Sockets.send(socket, bytes.span.extracting(sent...)) {
                case .bytes(let count): sent += count
                case .wouldBlock: _ = Polling.wait(socket.raw, for: .write, until: .now() + .seconds(1))
                case .endOfStream, .failed: return
                }
            }
        }
    }
}
