internal import Wire

/// Agent ids and session keys, against the pattern spelt out another way.
enum SessionKeyTarget {
    private static let first = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let further = first.union("_-".utf8)

    static func check(_ input: [UInt8]) {
        guard let key = text(input) else { return }
        require(SessionKeySyntax.isAgentID(key) == isAgentID(input[...]), "isAgentID(\(key.debugDescription))")
        let expected = agentID(input)
        let found = SessionKeySyntax.agentID(of: key).map { Array($0.utf8) }
        require(found == expected, "agentID(of: \(key.debugDescription))")
        if isAgentID(input[...]) {
            require(
                SessionKeySyntax.agentID(of: SessionKeySyntax.main(agentID: key, mainKey: "main")) == key, "main key")
            let child = SessionKeySyntax.subagent(agentID: key, spawnID: "1")
            require(SessionKeySyntax.agentID(of: child) == key, "child key")
        }
    }

    private static func isAgentID(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let head = bytes.first, bytes.count <= 64 else { return false }
        return first.contains(head) && bytes.allSatisfy(further.contains)
    }

    private static func agentID(_ key: [UInt8]) -> [UInt8]? {
        let prefix = Array("agent:".utf8)
        guard key.starts(with: prefix) else { return nil }
        let rest = key.dropFirst(prefix.count)
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), colon + 1 < rest.endIndex else { return nil }
        return isAgentID(rest[..<colon]) ? Array(rest[..<colon]) : nil
    }
}
