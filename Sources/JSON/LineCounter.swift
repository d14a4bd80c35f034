/// Turns byte offsets into lines and columns. Offsets asked in rising order cost one pass over the text in all.
struct LineCounter {
    private var offset = 0
    private var line = 1
    private var column = 1

    mutating func position(of target: Int, in bytes: Span<UInt8>) -> SourcePosition {
        if target < offset { self = LineCounter() }
        let end = min(target, bytes.count)
        while offset < end {
            let byte = bytes[offset]
            let isLineEnd =
                switch byte {
                case Byte.lineFeed: true
                case Byte.carriageReturn: offset + 1 >= bytes.count || bytes[offset + 1] != Byte.lineFeed
                default: false
                }
            if isLineEnd {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 && byte != Byte.carriageReturn {
                column += 1
            }
            offset += 1
        }
        return SourcePosition(line: line, column: column)
    }
}
