extension JSONEditor {
    /// Behind the last child, written as that is.
    func insertion(
        of value: JSON, named name: String?, into node: SyntaxNode, _ style: TextStyle
    ) -> [Edit] {
        guard let last = node.children.last else { return filling(node, value, name, style) }
        let keyStyle = last.keyRange.map { TextStyle.keyStyle($0, bytes) } ?? style.keys
        func item(margin: String) -> String {
            (name.map { style.key($0, keyStyle) + ": " } ?? "") + style.text(value, margin: margin)
        }
        let end = last.range.upperBound
        guard let margin = TextStyle.lineStart(before: last.range.lowerBound, bytes) else {
            // All on one line, or as good as that.
            let text = item(margin: self.margin(of: end))
            return [last.comma.map { Edit(at: $0 + 1, " \(text),") } ?? Edit(at: end, ", \(text)")]
        }
        let place = endOfLine(from: last.comma.map { $0 + 1 } ?? end)
        let text = style.lineEnd + margin + item(margin: margin)
        guard last.comma == nil else { return [Edit(at: place, text + ",")] }
        return [Edit(at: end, ","), Edit(at: place, text)]
    }

    /// Into brackets that hold nothing, or comments.
    private func filling(_ node: SyntaxNode, _ value: JSON, _ name: String?, _ style: TextStyle) -> [Edit] {
        let inside = node.range.lowerBound + 1..<node.range.upperBound - 1
        let whole: JSON = name.map { .object(JSONObject([($0, value)])) } ?? .array([value])
        if Self.isBlank(bytes[inside]) {
            return [Edit(node.range, style.text(whole, margin: margin(of: node.range.lowerBound)))]
        }
        func item(_ margin: String) -> String {
            (name.map { style.key($0, style.keys) + ": " } ?? "") + style.text(value, margin: margin)
        }
        guard let margin = TextStyle.lineStart(before: inside.upperBound, bytes) else {
            return [Edit(at: inside.upperBound, " \(item(self.margin(of: inside.upperBound))) ")]
        }
        let start = inside.upperBound - margin.utf8.count
        let inner = margin + style.indent
        return [Edit(at: start, inner + item(inner) + style.lineEnd)]
    }

    /// Behind the comments that stand on the same line.
    private func endOfLine(from start: Int) -> Int {
        var end = start
        var offset = start
        while offset + 1 < bytes.count {
            switch (bytes[offset], bytes[offset + 1]) {
            case (Byte.space, _), (Byte.tab, _):
                offset += 1
            case (Byte.slash, Byte.slash):
                while offset < bytes.count, !isLineTerminator(at: offset) { offset += 1 }
                return offset
            case (Byte.slash, Byte.asterisk):
                offset += 2
                while offset + 1 < bytes.count, bytes[offset] != Byte.asterisk || bytes[offset + 1] != Byte.slash {
                    if isLineTerminator(at: offset) { return end }
                    offset += 1
                }
                offset += 2
                end = offset
            default:
                return end
            }
        }
        return end
    }

    /// JSON5 §3: line feed, carriage return, and two of Unicode's.
    private func isLineTerminator(at offset: Int) -> Bool {
        if Self.isLineEnd(bytes[offset]) { return true }
        return bytes[offset] == 0xE2 && offset + 2 < bytes.count && bytes[offset + 1] == 0x80
            && bytes[offset + 2] & 0xFE == 0xA8
    }
}
