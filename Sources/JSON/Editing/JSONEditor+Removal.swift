extension JSONEditor {
    /// Takes a child out, with its comma. A line that would be empty goes too.
    func removal(of position: Int, in node: SyntaxNode) -> [Edit] {
        let child = node.children[position]
        let inside = node.range.lowerBound + 1..<node.range.upperBound - 1
        let end = child.comma.map { $0 + 1 } ?? child.range.upperBound
        if node.children.count == 1, Self.isBlank(bytes[inside.lowerBound..<child.range.lowerBound]),
            Self.isBlank(bytes[child.range.upperBound..<(child.comma ?? end)]),
            Self.isBlank(bytes[end..<inside.upperBound])
        {
            return [Edit(inside)]
        }
        if child.comma != nil || position == 0 { return taking(child) }
        // The last one takes along the comma before it.
        let comma = node.children[position - 1].comma ?? child.range.lowerBound
        if Self.isBlank(bytes[comma + 1..<child.range.lowerBound]), isRestOfLineBlank(from: end, inside: node) {
            return [Edit(comma..<end)]
        }
        return [Edit(comma..<comma + 1)] + taking(child)
    }

    private func taking(_ child: SyntaxNode.Child) -> [Edit] {
        guard let comma = child.comma, !Self.isBlank(bytes[child.range.upperBound..<comma]) else {
            return [Edit(widened(child.range.lowerBound..<(child.comma.map { $0 + 1 } ?? child.range.upperBound)))]
        }
        // A comment stands before the comma.
        return [Edit(child.range), Edit(comma..<comma + 1)]
    }

    /// With the rest of its line, when nothing else stands on it; else with the blanks behind it.
    private func widened(_ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end < bytes.count, bytes[end] == Byte.space || bytes[end] == Byte.tab { end += 1 }
        guard let blanks = TextStyle.lineStart(before: range.lowerBound, bytes), end < bytes.count,
            Self.isLineEnd(bytes[end])
        else { return range.lowerBound..<end }
        end += bytes[end] == Byte.carriageReturn && end + 1 < bytes.count && bytes[end + 1] == Byte.lineFeed ? 2 : 1
        return range.lowerBound - blanks.utf8.count..<end
    }

    /// Up to the end of the line, or of what `node` holds.
    private func isRestOfLineBlank(from start: Int, inside node: SyntaxNode) -> Bool {
        for byte in bytes[start..<node.range.upperBound - 1] {
            if Self.isLineEnd(byte) { return true }
            guard byte == Byte.space || byte == Byte.tab else { return false }
        }
        return true
    }
}
