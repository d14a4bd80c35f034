import EventLoop
import Foundation
import TLS

/// A TCP connection, with TLS or without, for bytes that no well-behaved client sends.
final class RawConnection {
    private let socket: FileDescriptor
    private let tls: TLSConnection?

    /// - Parameter pin: with TLS when there is one.
    convenience init(port: UInt16, pin: String?) throws {
        let pins = pin.map { PinSet([CertificatePin($0)].compactMap { $0 }) }
        try self.init(to: .loopback(port: port), trust: pins.map { .pins($0) })
    }

    /// - Parameter trust: with TLS when there is one.
    convenience init(_ address: String = "127.0.0.1", port: UInt16, trust: ClientTLSContext.Trust?) throws {
        guard let address = SocketAddress(literal: address, port: port) else { throw Unexpected("no address") }
        try self.init(to: address, trust: trust)
    }

    convenience init(to address: SocketAddress, pin: String?, preamble: [[UInt8]] = []) throws {
        let pins = pin.map { PinSet([CertificatePin($0)].compactMap { $0 }) }
        try self.init(to: address, trust: pins.map { .pins($0) }, preamble: preamble)
    }

    /// - Parameter preamble: what is sent before TLS begins, each piece when the gateway has read the one before.
    init(to address: SocketAddress, trust: ClientTLSContext.Trust?, preamble: [[UInt8]] = []) throws {
        socket = try Sockets.connect(to: address)
        try Self.wait(socket.raw, POLLOUT)
        for (index, piece) in preamble.enumerated() {
            guard case .bytes(piece.count) = Sockets.send(socket, piece.span) else {
                throw Unexpected("\(piece.count) bytes were not sent at once")
            }
            if index < preamble.count - 1 { try Self.waitUntilRead(socket, by: address) }
        }
        guard let trust else {
            tls = nil
            return
        }
        let tls = try TLSConnection(
            connecting: ClientTLSContext(trust: trust), descriptor: socket.raw, serverName: "localhost")
        self.tls = tls
        while true {
            switch try tls.handshake() {
            case .complete: return
            case .wantsRead: try Self.wait(socket.raw, POLLIN)
            case .wantsWrite: try Self.wait(socket.raw, POLLOUT)
            }
        }
    }

    /// Waits until nothing of what was sent stands in the other side's socket any more, as the kernel's table says.
    private static func waitUntilRead(_ socket: borrowing FileDescriptor, by server: SocketAddress) throws {
        let own = try Sockets.localAddress(of: socket).port
        try eventually("the gateway has read a piece") {
            contents(of: "/proc/net/tcp").split(separator: "\n").dropFirst().contains { line in
                let columns = line.split(separator: " ")
                guard columns.count > 4, port(columns[1]) == server.port, port(columns[2]) == own else { return false }
                return columns[4].hasSuffix(":00000000")
            }
        }
    }

    /// Of `0100007F:1F90`.
    private static func port(_ column: Substring) -> UInt16? {
        column.split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// - Throws: also when the peer takes nothing for 10 s.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = try sendSome(bytes.span.extracting(sent...))
            sent += count
            if count == 0 { try Self.wait(socket.raw, POLLOUT) }
        }
    }

    /// - Returns: how many bytes were taken without waiting.
    func sendSome(_ bytes: Span<UInt8>) throws -> Int {
        if let tls {
            if case .bytes(let count) = try tls.write(bytes) { return count }
            return 0
        }
        switch Sockets.send(socket, bytes) {
        case .bytes(let count): return count
        case .wouldBlock: return 0
        case .endOfStream, .failed: throw Unexpected("the peer does not take what is sent")
        }
    }

    /// Bytes below TLS, as somebody on the way could put them there.
    func sendBeneath(_ bytes: [UInt8]) throws {
        guard case .bytes(bytes.count) = Sockets.send(socket, bytes.span) else { throw Unexpected("cannot send") }
    }

    /// Says that nothing more will be sent.
    func endSending() {
        tls?.shutdown()
        Sockets.shutdownSending(socket)
    }

    /// Everything until the peer closes.
    func receiveAll() throws -> String {
        var text: [UInt8] = []
        while let part = try receive() { text += part }
        return String(decoding: text, as: UTF8.self)
    }

    /// What comes next; nil at the end.
    func receiveSome() throws -> String? {
        try receive().map { String(decoding: $0, as: UTF8.self) }
    }

    /// - Returns: nil at the end.
    func receive() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var span = buffer.mutableSpan
            if let tls {
                switch try tls.read(into: &span) {
                case .bytes(let count): return Array(buffer[..<count])
                case .closed: return nil
                case .wantsRead, .wantsWrite: break
                }
            } else {
                switch Sockets.receive(socket, into: &span) {
                case .bytes(let count): return Array(buffer[..<count])
                case .endOfStream, .failed: return nil
                case .wouldBlock: break
                }
            }
            try Self.wait(socket.raw, POLLIN)
        }
    }

    @discardableResult
    private static func wait(_ descriptor: Int32, _ events: Int32) throws -> Int16 {
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard unsafe poll(&polled, 1, 10_000) > 0 else { throw Unexpected("the peer is silent for 10 s") }
        return polled.revents
    }

    /// Sends as long as the peer has not said anything. Once it has, it may take nothing more.
    func sendUntilAnswered(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let events = try Self.wait(socket.raw, POLLIN | POLLOUT)
            guard events & Int16(POLLIN) == 0 else { return }
            sent += try sendSome(bytes.span.extracting(sent...).extracting(first: 1 << 14))
        }
    }
}

extension GatewayProcess {
    /// Sends one HTTP request on a connection of its own and returns everything that comes back.
    func http(_ request: String, usesTLS: Bool = true) throws -> String {
        let connection = try RawConnection(port: port, pin: usesTLS ? pin : nil)
        try connection.send(request)
        return try connection.receiveAll()
    }

    func get(_ path: String) throws -> String {
        try http("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    }
}
