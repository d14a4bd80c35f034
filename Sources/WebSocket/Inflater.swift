internal import CZlib

/// The decompressing half of permessage-deflate for one connection (RFC 7692 §7.2.2). Owns a zlib stream.
@safe struct Inflater: ~Copyable {
    /// What a sender leaves out at the end of every message.
    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
    /// The output grows in steps of at least this.
    private static let minimumStep = 512
    /// Bits of `data_type`: between two blocks, and how many bits of the last octet are left over.
    private static let isBetweenBlocks: Int32 = 128
    private static let unusedBits: Int32 = 63

    /// On the heap, because zlib remembers the address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// The window is the largest one, whatever the peer agreed to: with a smaller one zlib judges a reference beyond it
    /// by how much of the message happened to come in one piece.
    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe sallyport_inflate_init_raw(stream, 15)
        precondition(status == Z_OK, "zlib could not allocate a stream")
    }

    deinit {
        _ = unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends what comes of the next piece of a message.
    ///
    /// - Parameter maxCount: The largest `output` allowed. It holds one octet more, and no other, when this throws
    ///   ``WebSocketError/messageTooBig(length:limit:)``: nothing is inflated beyond that, however much more would come.
    mutating func inflate(
        _ piece: Span<UInt8>, appendingTo output: inout [UInt8], maxCount: Int
    ) throws(WebSocketError) {
        var rest = piece
        while !rest.isEmpty {
            // zlib counts in 32 bits.
            let part = rest.extracting(first: 1 << 30)
            rest = rest.extracting(droppingFirst: 1 << 30)
            try unsafe part.withUnsafeBufferPointer { (source) throws(WebSocketError) in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(source.count)
                try run(appendingTo: &output, maxCount: maxCount)
            }
        }
    }

    /// Ends a message; what came before stays as context for the next one.
    mutating func finishMessage(appendingTo output: inout [UInt8], maxCount: Int) throws(WebSocketError) {
        try inflate(Self.tail.span, appendingTo: &output, maxCount: maxCount)
        // The tail is an empty block of its own. If it became part of another, the message was cut short.
        guard unsafe stream.pointee.data_type & (Self.isBetweenBlocks | Self.unusedBits) == Self.isBetweenBlocks else {
            throw .invalidCompressedData
        }
    }

    /// Uses up the input that the stream has been given.
    private mutating func run(appendingTo output: inout [UInt8], maxCount: Int) throws(WebSocketError) {
        while true {
            let (status, isFull) = step(appendingTo: &output, ceiling: maxCount == .max ? .max : maxCount + 1)
            guard output.count <= maxCount else { throw .messageTooBig(length: output.count, limit: maxCount) }
            switch status {
            case Z_OK:
                // With room to spare, zlib has kept nothing back.
                if unsafe !isFull && stream.pointee.avail_in == 0 { return }
            case Z_STREAM_END:
                // A sender may end its stream with any message (RFC 7692 §7.2.3.4). What follows is another, and may
                // still refer to what was before.
                _ = unsafe inflateResetKeep(stream)
                if unsafe stream.pointee.avail_in == 0 { return }
            case Z_BUF_ERROR:
                return
            case Z_MEM_ERROR:
                preconditionFailure("zlib could not allocate its window")
            default:
                throw .invalidCompressedData
            }
        }
    }

    private mutating func step(appendingTo output: inout [UInt8], ceiling: Int) -> (status: Int32, isFull: Bool) {
        if output.capacity == output.count {
            output.reserveCapacity(min(ceiling, max(2 * output.count, output.count + Self.minimumStep)))
        }
        let room = min(output.capacity, ceiling) - output.count
        let size = UInt32(min(room, 1 << 30))
        var status = Z_OK
        var left = size
        output.append(addingCapacity: Int(size)) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                unsafe stream.pointee.next_out = buffer.baseAddress.map { unsafe $0 + count }
                unsafe stream.pointee.avail_out = size
                status = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
                left = unsafe stream.pointee.avail_out
                count += Int(size - left)
            }
        }
        return (status, left == 0)
    }
}

// One owner at a time uses the stream: the type cannot be copied.
extension Inflater: @unchecked Sendable {}
