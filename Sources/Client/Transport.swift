internal import EventLoop
internal import Glibc
internal import TLS

/// A connected socket, encrypted or not. Owns both.
internal final class Transport {
    internal enum Received: Equatable {
        case bytes(Int)
        case wouldBlock
        /// `reason` is empty for an orderly end.
        case ended(reason: String)
    }

    // Declared in this order, so that the SSL object goes before its descriptor is closed.
    private var tls: TLSConnection?
    private let socket: FileDescriptor
    private var readNeedsWritable = false
    private var writeNeedsReadable = false
    private var hasFailedWriting = false

    internal init(_ socket: consuming FileDescriptor, tls: TLSConnection?) {
        self.tls = tls
        self.socket = socket
    }

    internal var descriptor: Int32 { socket.raw }

    /// From here on everything is encrypted; to be called before any byte of it was sent or received.
    internal func encrypt(with tls: TLSConnection) {
        self.tls = tls
    }

    /// What the gateway has shown, in PEM; nil without TLS.
    internal var peerCertificatesPEM: String? { tls?.peerCertificatesPEM }

    /// Bytes that the socket's readiness will not tell of.
    internal var hasPendingBytes: Bool { tls?.hasPendingBytes ?? false }

    internal func interest(wantsToWrite: Bool) -> PollInterest {
        var interest: PollInterest = .read
        if readNeedsWritable || wantsToWrite && !writeNeedsReadable && !hasFailedWriting { interest.insert(.write) }
        return interest
    }

    /// What a write that took nothing waits for. Not for reading besides: bytes that nobody takes yet would end every
    /// wait at once.
    internal var writeInterest: PollInterest { writeNeedsReadable ? .read : .write }

    internal func handshake(until deadline: Deadline) throws(ClientError) {
        guard let tls else { return }
        while true {
            let progress: TLSConnection.Progress
            do throws(TLSError) {
                progress = try tls.handshake()
            } catch {
                throw .tls(error)
            }
            let interest: PollInterest
            switch progress {
            case .complete: return
            case .wantsRead: interest = .read
            case .wantsWrite: interest = .write
            }
            guard try deadline.wait(socket.raw, for: interest)
            else { throw deadline.timeout(waitingFor: "the TLS handshake") }
        }
    }

    /// Never waits. A connection that breaks is an end, not an error: that is how a gateway's crash looks.
    internal func receive(into buffer: inout [UInt8]) throws(ClientError) -> Received {
        var span = buffer.mutableSpan
        guard let tls else {
            switch Sockets.receive(socket, into: &span) {
            case .bytes(let count): return .bytes(count)
            case .wouldBlock: return .wouldBlock
            case .endOfStream: return .ended(reason: "")
            case .failed(let errno): return .ended(reason: EventLoopError.text(ofErrno: errno))
            }
        }
        readNeedsWritable = false
        do throws(TLSError) {
            switch try tls.read(into: &span) {
            case .bytes(let count):
                return .bytes(count)
            case .wantsRead:
                return .wouldBlock
            case .wantsWrite:
                readNeedsWritable = true
                return .wouldBlock
            case .closed:
                return .ended(reason: "")
            }
        } catch .connectionLost(let errno) {
            return .ended(reason: EventLoopError.text(ofErrno: errno))
        } catch {
            throw .tls(error)
        }
    }

    /// Never waits. After a failure everything is taken and lost: what the peer sent before it went away, perhaps the
    /// reason, is still to be read.
    ///
    /// - Returns: How many bytes were taken from the front. When it is fewer than all, the next call brings the rest.
    internal func send(_ bytes: Span<UInt8>) -> Int {
        if hasFailedWriting { return bytes.count }
        guard let tls else {
            switch Sockets.send(socket, bytes) {
            case .bytes(let count): return count
            case .wouldBlock: return 0
            case .endOfStream, .failed:
                hasFailedWriting = true
                return bytes.count
            }
        }
        writeNeedsReadable = false
        do throws(TLSError) {
            switch try tls.write(bytes) {
            case .bytes(let count):
                return count
            case .wantsRead:
                writeNeedsReadable = true
                return 0
            case .wantsWrite:
                return 0
            }
        } catch {
            hasFailedWriting = true
            return bytes.count
        }
    }

    /// Says that nothing more will be sent.
    internal func shutdown() {
        tls?.shutdown()
        Sockets.shutdownSending(socket)
    }
}
