/// What the standard library offers with these names brings its whole regular expression engine into the program, a tenth of
/// it, which nothing else here needs. These compare byte by byte.
extension StringProtocol {
    /// Where `text` first begins and ends; an empty one is at the start.
    package func firstRange(of text: some StringProtocol) -> Range<Index>? {
        let wanted = text.utf8
        var start = utf8.startIndex
        while true {
            var (here, there) = (start, wanted.startIndex)
            while there != wanted.endIndex, here != utf8.endIndex, utf8[here] == wanted[there] {
                utf8.formIndex(after: &here)
                wanted.formIndex(after: &there)
            }
            if there == wanted.endIndex { return start..<here }
            if here == utf8.endIndex { return nil }
            utf8.formIndex(after: &start)
        }
    }

    package func contains(_ text: some StringProtocol) -> Bool { firstRange(of: text) != nil }

    /// What is before and after the first `text`; all in one piece where it does not occur.
    package func split(atFirst text: some StringProtocol) -> [SubSequence] {
        guard let found = firstRange(of: text) else { return [self[...]] }
        return [self[..<found.lowerBound], self[found.upperBound...]]
    }

    /// This text with `other` for each `text`, which must not be empty.
    package func replacing(_ text: some StringProtocol, with other: some StringProtocol) -> String {
        var (result, rest) = ("", self[...])
        while let found = rest.firstRange(of: text) {
            result += rest[..<found.lowerBound]
            result += other
            rest = rest[found.upperBound...]
        }
        return result + rest
    }
}

extension String {
    /// As for any text, without its generality.
    package func contains(_ text: String) -> Bool {
        let (own, wanted) = (utf8, text.utf8)
        let (here, there) = (own.span, wanted.span)
        guard !there.isEmpty else { return true }
        var start = 0
        while start + there.count <= here.count {
            var length = 0
            while length < there.count, here[start + length] == there[length] { length += 1 }
            if length == there.count { return true }
            start += 1
        }
        return false
    }
}
