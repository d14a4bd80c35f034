import EventLoop
import Glibc
import Testing

@Suite("Sockets")
struct SocketsTests {
    @Test("listening twice on one port says that the address is in use", arguments: [false, true])
    func addressInUse(v6: Bool) throws {
        let any: SocketAddress = v6 ? .loopbackV6(port: 0) : .loopback(port: 0)
        let first = try Sockets.listen(on: any)
        let address = try Sockets.localAddress(of: first)
        #expect(address.port != 0)
        #expect(throws: EventLoopError.addressInUse(address)) {
            _ = try Sockets.listen(on: address)
        }
    }

    @Test("both loopbacks can listen on one port")
    func bothFamilies() throws {
        let v4 = try Sockets.listen(on: .loopback(port: 0))
        let port = try Sockets.localAddress(of: v4).port
        let v6 = try Sockets.listen(on: .loopbackV6(port: port))
        #expect(try Sockets.localAddress(of: v6).description == "[::1]:\(port)")
    }

    @Test("a connection is accepted with its peer's address, and bytes arrive")
    func connection() throws {
        let reactor = try Reactor()
        let listener = try Sockets.listen(on: .loopback(port: 0))
        let address = try Sockets.localAddress(of: listener)
        let client = try Sockets.connect(to: address)
        let clientAddress = try Sockets.localAddress(of: client)
        let handler = ClosureHandler { _, reactor in
            do {
                let accepted = try acceptOne(listener)
                #expect(accepted.peer == clientAddress)
                let socket = accepted.takeDescriptor()
                #expect(try Sockets.peerAddress(of: socket) == clientAddress)
                try Sockets.disableDelay(socket)
                try Sockets.setUserTimeout(socket, .seconds(30))
                try Sockets.enableKeepAlive(socket, idle: .seconds(60), interval: .seconds(10), probes: 3)
                let bytes = Array("hello".utf8)
                #expect(Sockets.send(socket, bytes.span) == .bytes(5))
                let nobody = try Sockets.accept(listener)
                let isEmpty = nobody == nil
                #expect(isEmpty)
            } catch {
                Issue.record(error)
            }
            reactor.stop()
        }
        _ = try reactor.register(listener.raw, for: .read, handler: handler)
        #expect(reactor.runWithDeadline())
        #expect(Sockets.pendingError(client) == nil)
        #expect(try received(from: client) == Array("hello".utf8))
    }

    @Test("a refused connection is reported by its pending error")
    func refused() throws {
        let address: SocketAddress
        do {
            let listener = try Sockets.listen(on: .loopback(port: 0))
            address = try Sockets.localAddress(of: listener)
        }
        let reactor = try Reactor()
        let client: FileDescriptor
        do throws(EventLoopError) {
            client = try Sockets.connect(to: address)
        } catch {
            #expect(error == .system(call: "connect", errno: ECONNREFUSED))
            return
        }
        var outcome: EventLoopError?
        let handler = ClosureHandler { _, reactor in
            outcome = Sockets.pendingError(client)
            reactor.stop()
        }
        _ = try reactor.register(client.raw, for: .write, handler: handler)
        #expect(reactor.runWithDeadline())
        #expect(outcome == .system(call: "connect", errno: ECONNREFUSED))
        #expect(outcome?.description == "connect: Connection refused")
    }

    @Test("IPv4 peers of an IPv6 listener are named as IPv4")
    func mapped() throws {
        let listener = try Sockets.listen(on: .anyV6(port: 0), v6Only: false)
        let port = try Sockets.localAddress(of: listener).port
        let client = try Sockets.connect(to: .loopback(port: port))
        let accepted = try acceptOne(listener)
        let peer = accepted.peer
        #expect(peer.family == .v4)
        #expect(try peer == Sockets.localAddress(of: client))
        #expect(peer.isLoopback)
    }

    @Test("a Unix listener has mode 0600 and knows its peer's credentials")
    func unixPeer() throws {
        let path = temporaryPath("unix.sock")
        defer { unsafe unlink(path) }
        let listener = try Sockets.listenUnix(path: path)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let client = try Sockets.connectUnix(path: path)
        let accepted = try acceptOne(listener)
        #expect(accepted.peer.family == .unix)
        let server = accepted.takeDescriptor()
        let expected = PeerCredentials(processID: getpid(), userID: getuid(), groupID: getgid())
        #expect(try Sockets.peerCredentials(of: server) == expected)
        #expect(try Sockets.peerCredentials(of: client) == expected)
        #expect(try Sockets.localAddress(of: listener) == .unix(path: path))
    }

    @Test("a live Unix socket is not taken over, an abandoned one is, a file never")
    func unixTakeover() throws {
        let path = temporaryPath("takeover.sock")
        defer { unsafe unlink(path) }
        do {
            let listener = try Sockets.listenUnix(path: path)
            #expect(throws: EventLoopError.addressInUse(.unix(path: path))) {
                _ = try Sockets.listenUnix(path: path)
            }
            _ = consume listener
        }
        _ = try Sockets.listenUnix(path: path)

        let file = temporaryPath("takeover.file")
        defer { unsafe unlink(file) }
        _ = FileDescriptor(owning: unsafe open(file, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: EventLoopError.notASocket(path: file)) {
            _ = try Sockets.listenUnix(path: file)
        }
    }

    @Test("a Unix listener has the mode that it is given, and removes only its own file")
    func unixModeAndRemoval() throws {
        let path = temporaryPath("mode.sock")
        defer { unsafe unlink(path) }
        let first = try Sockets.listenUnix(path: path, mode: 0o660)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        let identity = try #require(Sockets.identity(ofUnixSocket: path))
        // Kept, or the new file could get the old one's number.
        let kept = temporaryPath("kept.sock")
        defer { unsafe unlink(kept) }
        #expect(unsafe rename(path, kept) == 0)
        let second = try Sockets.listenUnix(path: path)
        Sockets.removeUnixSocket(identity)
        #expect(Sockets.identity(ofUnixSocket: path) != nil)
        Sockets.removeUnixSocket(try #require(Sockets.identity(ofUnixSocket: path)))
        #expect(Sockets.identity(ofUnixSocket: path) == nil)
        _ = consume first
        _ = consume second
    }

    @Test("what was peeked at is received again")
    func peeking() throws {
        let listener = try Sockets.listen(on: .loopback(port: 0))
        let client = try Sockets.connect(to: Sockets.localAddress(of: listener))
        let server = try acceptOne(listener).takeDescriptor()
        let bytes = Array("PROXY ".utf8)
        #expect(Sockets.send(client, bytes.span) == .bytes(6))
        var poller = pollfd(fd: server.raw, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&poller, 1, 10_000) == 1)
        var buffer = [UInt8](repeating: 0, count: 4)
        for _ in 0..<2 {
            var span = buffer.mutableSpan
            #expect(Sockets.peek(server, into: &span) == .bytes(4))
            #expect(buffer == Array("PROX".utf8))
        }
        var rest = [UInt8](repeating: 0, count: 8)
        var span = rest.mutableSpan
        #expect(Sockets.receive(server, into: &span) == .bytes(6))
        var empty = rest.mutableSpan
        #expect(Sockets.peek(server, into: &empty) == .wouldBlock)
    }

    @Test("Unix paths are refused when empty, too long or with a NUL", arguments: [0, 107, 108])
    func unixPathLength(length: Int) {
        let path = String(repeating: "x", count: length)
        let usable = length == 107
        do throws(EventLoopError) {
            _ = try Sockets.connectUnix(path: path)
            Issue.record("nobody listens there")
        } catch {
            #expect((error != .unusablePath(path)) == usable)
        }
        #expect(throws: EventLoopError.unusablePath("a\0b")) { _ = try Sockets.connectUnix(path: "a\0b") }
    }

    @Test("this host has a loopback interface")
    func interfaces() throws {
        let interfaces = try NetworkInterface.all()
        let loopback = try #require(interfaces.first { $0.address == .loopback(port: 0) })
        #expect(loopback.isLoopback)
        #expect(loopback.isUp)
        #expect(!loopback.isPointToPoint)
    }

    @Test("descriptors are closed by their owner and survive release")
    func ownership() throws {
        let raw: Int32
        do {
            let pair = try SocketPair()
            let copy = try pair.left.duplicate()
            raw = copy.release()
        }
        #expect(isOpen(raw))
        do { _ = FileDescriptor(owning: raw) }
    }

    @Test("localhost resolves to loopback addresses, nonsense does not resolve")
    func resolution() throws {
        let addresses = try Sockets.resolve(host: "localhost", port: 1)
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 1 })
        #expect(try Sockets.resolve(host: "[::1]", port: 2) == [.loopbackV6(port: 2)])
        #expect(throws: EventLoopError.self) { _ = try Sockets.resolve(host: "no such host", port: 1) }
        #expect(throws: EventLoopError.unresolvable(host: "", reason: "not a host name")) {
            _ = try Sockets.resolve(host: "", port: 1)
        }
    }

    private func acceptOne(_ listener: borrowing FileDescriptor) throws -> AcceptedSocket {
        var poller = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&poller, 1, 10_000) == 1)
        guard let accepted = try Sockets.accept(listener) else { throw EventLoopError.unusablePath("nobody came") }
        return accepted
    }

    private func received(from socket: borrowing FileDescriptor) throws -> [UInt8] {
        var poller = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&poller, 1, 10_000) == 1)
        var buffer = [UInt8](repeating: 0, count: 64)
        var span = buffer.mutableSpan
        guard case .bytes(let count) = Sockets.receive(socket, into: &span) else { return [] }
        return Array(buffer.prefix(count))
    }
}
