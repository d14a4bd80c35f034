/// Application-layer protocol negotiation (RFC 7301).
enum ApplicationProtocol {
    /// `http/1.1` as a ProtocolNameList of one: each name has its length before it.
    static let http11List: [UInt8] = [8] + Array("http/1.1".utf8)

    /// Where `http/1.1` stands in a client's ProtocolNameList; `nil` when it was not offered or the list is damaged.
    static func http11(in list: Span<UInt8>) -> Range<Int>? {
        var at = 0
        while at < list.count {
            let name = (at + 1)..<(at + 1 + Int(list[at]))
            guard name.upperBound <= list.count else { return nil }
            if isHTTP11(list.extracting(at..<name.upperBound)) { return name }
            at = name.upperBound
        }
        return nil
    }

    private static func isHTTP11(_ entry: Span<UInt8>) -> Bool {
        guard entry.count == http11List.count else { return false }
        for index in http11List.indices where entry[index] != http11List[index] { return false }
        return true
    }
}
