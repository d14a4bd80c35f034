import COpenSSL
import Foundation
import Testing

@testable import TLS

@Suite("Reading and writing")
struct TransferTests {
    let ends: Ends

    init() throws { ends = try Ends.connected(Pair.make()) }

    @Test("a large transfer in both directions at once arrives whole, through partial writes")
    func large() throws {
        let forward = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let backward = (0..<2_500_003).map { UInt8(truncatingIfNeeded: $0 &* 17 &+ $0 >> 9) }
        var (sentForward, sentBackward) = (0, 0)
        var (atServer, atClient) = ([UInt8](), [UInt8]())
        var partialWrites = 0
        /// Writes until the socket is full.
        func push(_ bytes: [UInt8], _ sent: inout Int, _ connection: TLSConnection) throws {
            while sent < bytes.count {
                guard case .bytes(let count) = try connection.write(bytes.span.extracting(sent...)) else { return }
                if count < bytes.count - sent { partialWrites += 1 }
                sent += count
            }
        }
        for _ in 0..<10_000 where atServer.count < forward.count || atClient.count < backward.count {
            try push(forward, &sentForward, ends.client)
            try push(backward, &sentBackward, ends.server)
            atServer += try ends.server.readAll().bytes
            atClient += try ends.client.readAll().bytes
        }
        #expect(atServer == forward)
        #expect(atClient == backward)
        #expect(partialWrites > 0)
    }

    @Test("reading one byte at a time gives the same bytes, with no need of the socket in between")
    func singleBytes() throws {
        let message = Array("four score and seven bytes ago".utf8)
        #expect(try ends.client.write(message.span) == .bytes(message.count))
        var received: [UInt8] = []
        var byte: [UInt8] = [0]
        repeat {
            var span = byte.mutableSpan
            guard case .bytes(1) = try ends.server.read(into: &span) else { break }
            received += byte
        } while ends.server.hasPendingBytes
        #expect(received == message)
        #expect(!ends.server.hasPendingBytes)
        #expect(try ends.server.readAll().end == .wantsRead)
    }

    @Test("several small records that arrived together are all pending")
    func readAhead() throws {
        for index in UInt8(0)..<5 { #expect(try ends.client.write([index].span) == .bytes(1)) }
        var buffer = [UInt8](repeating: 0, count: 100)
        var span = buffer.mutableSpan
        #expect(try ends.server.read(into: &span) == .bytes(1))
        #expect(ends.server.hasPendingBytes)
        #expect(try ends.server.readAll().bytes == [1, 2, 3, 4])
    }

    @Test("a write that was refused may be repeated from elsewhere in memory, with more behind it")
    func movedBuffer() throws {
        let block = [UInt8](repeating: 5, count: 100_000)
        var taken = 0
        var refused = false
        while !refused {
            switch try ends.client.write(block.span) {
            case .bytes(let count): taken += count
            case .wantsWrite: refused = true
            case .wantsRead: Issue.record("a write waits for reading")
            }
        }
        var received = try ends.server.readAll().bytes.count
        let moved = block + [UInt8](repeating: 6, count: 10)
        guard case .bytes(let count) = try ends.client.write(moved.span) else {
            Issue.record("there is room")
            return
        }
        received += try ends.server.readAll().bytes.count
        #expect(received == taken + count)
    }

    @Test("writing nothing does nothing")
    func emptyWrite() throws {
        #expect(try ends.client.write([UInt8]().span) == .bytes(0))
        #expect(try ends.server.readAll().end == .wantsRead)
    }

    @Test("close_notify ends reading, and what came before it is read first")
    func closeNotify() throws {
        #expect(try ends.client.write([1, 2].span) == .bytes(2))
        ends.client.shutdown()
        ends.client.shutdown()
        let read = try ends.server.readAll()
        #expect(read.bytes == [1, 2] && read.end == .closed)
        #expect(try ends.server.write([3].span) == .bytes(1))
        #expect(try ends.client.readAll().bytes == [3])
        #expect(throws: TLSError.self) { try ends.client.write([4].span) }
        #expect(ERR_peek_error() == 0)
    }

    @Test("the end of the stream without close_notify is an end too")
    func abruptEnd() throws {
        #expect(try ends.server.write([1].span) == .bytes(1))
        ends.sockets.closeServer()
        let read = try ends.client.readAll()
        #expect(read.bytes == [1] && read.end == .closed)
    }

    @Test("bytes that are no record end the connection, and nothing works after that")
    func garbage() throws {
        let garbage = [UInt8](repeating: 0x17, count: 64)
        #expect(unsafe send(ends.sockets.client, garbage, garbage.count, 0) == 64)
        let error = #expect(throws: TLSError.self) { try ends.server.readAll() }
        guard case .connectionFailed(let reasons)? = error, !reasons.isEmpty else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: TLSError.self) { try ends.server.readAll() }
        #expect(throws: TLSError.self) { try ends.server.write([1].span) }
        ends.server.shutdown()
        #expect(ERR_peek_error() == 0)
    }

    @Test("an error that others left in the thread's queue is not blamed on a connection")
    func foreignError() throws {
        func leaveError() {
            let bio = MemoryBIO("no certificate")
            #expect(unsafe PEM_read_bio_X509(bio.handle, nil, nil, nil) == nil)
            #expect(ERR_peek_error() != 0)
        }
        leaveError()
        #expect(try ends.server.readAll().end == .wantsRead)
        leaveError()
        #expect(try ends.client.write([1].span) == .bytes(1))
        leaveError()
        #expect(try ends.server.readAll().bytes == [1])
        leaveError()
        #expect(try ends.client.handshake() == .complete)
        leaveError()
        ends.client.shutdown()
        #expect(ERR_peek_error() == 0)
    }

    @Test("what the peer sent before it went away can be read after a write has failed")
    func lastWords() throws {
        let ends = try Ends.connected(Pair.make())
        #expect(try ends.server.write(Array("last words".utf8).span) == .bytes(10))
        ends.sockets.closeServer()
        let error = #expect(throws: TLSError.self) { try ends.client.write([1].span) }
        #expect([.connectionLost(errno: EPIPE), .connectionLost(errno: ECONNRESET)].contains(error))
        #expect(try ends.client.readAll().bytes == Array("last words".utf8))
        #expect(throws: TLSError.connectionFailed(reasons: ["the connection has failed before"])) {
            try ends.client.write([1].span)
        }
    }
}
