internal import CLinux
internal import Glibc

extension Sockets {
    /// What one attempt to move bytes came to.
    package enum Transfer: Equatable, Sendable {
        case bytes(Int)
        case wouldBlock
        /// The peer will send no more. Receiving only.
        case endOfStream
        case failed(errno: Int32)
    }

    /// Receives what is there, up to the size of `buffer`. Never waits.
    package static func receive(
        _ socket: borrowing FileDescriptor, into buffer: inout MutableSpan<UInt8>
    ) -> Transfer {
        take(socket, into: &buffer, leaving: false)
    }

    /// The same, but leaves the bytes where they are: the next call meets them again.
    package static func peek(_ socket: borrowing FileDescriptor, into buffer: inout MutableSpan<UInt8>) -> Transfer {
        take(socket, into: &buffer, leaving: true)
    }

    private static func take(
        _ socket: borrowing FileDescriptor, into buffer: inout MutableSpan<UInt8>, leaving leavesBytes: Bool
    ) -> Transfer {
        guard !buffer.isEmpty else { return .bytes(0) }
        let raw = socket.raw
        while true {
            let count = unsafe buffer.withUnsafeMutableBufferPointer {
                leavesBytes
                    ? unsafe sallyport_peek(raw, $0.baseAddress, $0.count)
                    : unsafe sallyport_receive(raw, $0.baseAddress, $0.count)
            }
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfStream }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno: errno)
        }
    }

    /// Sends what the socket takes of `bytes`. Never waits, never raises SIGPIPE.
    package static func send(_ socket: borrowing FileDescriptor, _ bytes: Span<UInt8>) -> Transfer {
        guard !bytes.isEmpty else { return .bytes(0) }
        let raw = socket.raw
        while true {
            let count = unsafe bytes.withUnsafeBufferPointer {
                unsafe sallyport_send(raw, $0.baseAddress, $0.count)
            }
            if count >= 0 { return .bytes(count) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno: errno)
        }
    }

    /// Tells the peer that no more bytes will come; receiving goes on.
    package static func shutdownSending(_ socket: borrowing FileDescriptor) {
        _ = shutdown(socket.raw, Int32(SHUT_WR))
    }
}
