/// Writes messages as one frame each, compressed where that pays (RFC 7692 §6.1).
///
/// When the sender keeps no context, connections with the same window may share a compressor: between two messages it
/// knows nothing.
package struct MessageCompressor: ~Copyable, Sendable {
    /// Below this a message hardly shrinks.
    package static let minMessageBytes = 64
    /// Beyond this one message would keep all others of its thread waiting for too long.
    package static let maxMessageBytes = 4 << 20
    private static let maxRetainedBytes = 65_536

    private let keepsContext: Bool
    private var deflater: Deflater
    private var compressed: [UInt8] = []

    /// - Parameter windowBits: How far back we may refer, 8...15.
    package init(windowBits: Int, keepsContext: Bool) {
        precondition(PermessageDeflate.windowBits.contains(windowBits), "a window of 8 to 15 bits")
        self.keepsContext = keepsContext
        deflater = Deflater(windowBits: windowBits)
    }

    /// Appends a frame. A client passes a fresh `maskingKey` for every one.
    package mutating func append(
        to out: inout [UInt8], opcode: Opcode, payload: Span<UInt8>, maskingKey: UInt32? = nil
    ) {
        precondition(!opcode.isControl, "control frames are never compressed")
        guard payload.count >= Self.minMessageBytes && payload.count <= Self.maxMessageBytes else {
            FrameEncoder.append(to: &out, opcode: opcode, payload: payload, maskingKey: maskingKey)
            return
        }
        compressed.removeAll(keepingCapacity: true)
        deflater.deflate(payload, appendingTo: &compressed)
        if compressed.count < payload.count {
            if !keepsContext { deflater.reset() }
            FrameEncoder.appendCompressed(
                to: &out, opcode: opcode, payload: compressed.span, maskingKey: maskingKey)
        } else {
            // What the peer never inflates it cannot be referred to later.
            deflater.reset()
            FrameEncoder.append(to: &out, opcode: opcode, payload: payload, maskingKey: maskingKey)
        }
        if compressed.capacity > Self.maxRetainedBytes { compressed = [] }
    }
}
