internal import CZlib

/// The compressing half of permessage-deflate (RFC 7692 §7.2.1). Owns a zlib stream: about 270 KB with a window of 15
/// bits, 140 KB with one of 9.
@safe struct Deflater: ~Copyable {
    /// A reactor compresses between the messages of its other connections, so speed is worth more than the last percent.
    private static let level = Z_BEST_SPEED
    private static let memoryLevel: Int32 = 8
    /// zlib repeats its end marker when it meets the end of the room there.
    private static let minimumRoom = 64

    /// On the heap, because zlib remembers the address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter windowBits: How far back we may refer, 8...15. zlib has no window of 256 octets, but never refers
    ///   back further than its window less 262 octets: at most 250 in the 512 that stand in for them.
    init(windowBits: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe sallyport_deflate_init_raw(stream, Self.level, Int32(max(windowBits, 9)), Self.memoryLevel)
        precondition(status == Z_OK, "zlib could not allocate a stream")
    }

    deinit {
        _ = unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Forgets all messages so far. The peer does not have to do the same.
    mutating func reset() {
        _ = unsafe deflateReset(stream)
    }

    /// Appends a message without the four octets at its end that RFC 7692 §7.2.1 leaves out.
    mutating func deflate(_ message: Span<UInt8>, appendingTo output: inout [UInt8]) {
        guard !message.isEmpty else {
            // zlib writes nothing at all when it is flushed twice; this is an empty block (RFC 7692 §7.2.3.6).
            output.append(0)
            return
        }
        var rest = message
        while !rest.isEmpty {
            // zlib counts in 32 bits.
            let part = rest.extracting(first: 1 << 30)
            rest = rest.extracting(droppingFirst: 1 << 30)
            unsafe part.withUnsafeBufferPointer { source in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(source.count)
                while step(appendingTo: &output, flush: rest.isEmpty ? Z_SYNC_FLUSH : Z_NO_FLUSH) {}
            }
        }
        precondition(output.count >= 4 && output[output.count - 1] == 0xFF, "a flushed stream ends in 00 00 ff ff")
        output.removeLast(4)
    }

    /// - Returns: Whether there is more to write.
    private mutating func step(appendingTo output: inout [UInt8], flush: Int32) -> Bool {
        let room = max(Self.minimumRoom, output.capacity - output.count, Int(unsafe stream.pointee.avail_in) / 4)
        let size = UInt32(min(room, 1 << 30))
        var left = size
        output.append(addingCapacity: Int(size)) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                unsafe stream.pointee.next_out = buffer.baseAddress.map { unsafe $0 + count }
                unsafe stream.pointee.avail_out = size
                _ = unsafe CZlib.deflate(stream, flush)
                left = unsafe stream.pointee.avail_out
                count += Int(size - left)
            }
        }
        return left == 0
    }
}

// One owner at a time uses the stream: the type cannot be copied.
extension Deflater: @unchecked Sendable {}
