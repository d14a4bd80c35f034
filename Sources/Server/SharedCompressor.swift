internal import WebSocket

/// Compresses for all connections of a reactor that use the same window. That works because we always promise
/// `server_no_context_takeover`: between two messages it knows nothing. A compressor takes a quarter of a mebibyte, too
/// much for every connection to have one.
final class SharedCompressor {
    /// What is asked of every client that offers compression. A client may keep its context: that is up to 40 KiB here
    /// for a connection that has sent compressed messages.
    static let policy = PermessageDeflate.Policy(serverNoContextTakeover: true)

    private var compressor: MessageCompressor

    /// - Parameter windowBits: 8...15, as agreed.
    init(windowBits: Int) {
        compressor = MessageCompressor(windowBits: windowBits, keepsContext: false)
    }

    /// Appends one frame.
    func append(to out: inout [UInt8], opcode: Opcode, payload: Span<UInt8>) {
        compressor.append(to: &out, opcode: opcode, payload: payload)
    }
}
