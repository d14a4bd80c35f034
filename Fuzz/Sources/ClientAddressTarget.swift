internal import HTTP

/// Nobody but a trusted proxy has a say in whose request it is.
/// Lines: the peer; trusted blocks between commas; then header fields.
enum ClientAddressTarget {
    static func check(_ input: [UInt8]) {
        let lines = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3, let peerText = text(lines[0]), let peer = IPAddress(peerText),
            let blocks = text(lines[1])
        else { return }
        checkText(peer)
        let trusted = blocks.split(separator: ",").compactMap { CIDR($0) }
        for block in trusted {
            require(CIDR(block.description) == block, "\(block) is not read as it is written")
            require(block.contains(block.base), "\(block) is without its first address")
        }
        let head = head(Array(lines[2]))
        guard let head else { return }
        func isTrusted(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }

        let found = ClientAddress.attribute(peer: peer, head: head, trustedProxies: trusted)
        if let address = found.address { checkText(address) }
        guard isTrusted(peer) else {
            require(found == .peer(peer), "a stranger's fields were believed: \(found)")
            return
        }
        if case .forwarded(let address) = found {
            require(!isTrusted(address) && !address.isLoopback && !address.isUnspecified, "\(address) is no client")
        }
        require(found != .peer(peer), "a proxy was taken for the client")

        // Whatever a client sends, the address that the proxy appends is the one that counts.
        let last = IPAddress(v4: 0xCB00_7109)
        guard !isTrusted(last) else { return }
        let appended = head.fields + [HeaderField("x-forwarded-for", "203.0.113.9")]
        let lines9 = appended.map { "\($0.name): \($0.value)\r\n" }.joined()
        guard let second = Self.head(Array(lines9.utf8)) else { return }
        let attributed = ClientAddress.attribute(
            peer: peer, head: second, trustedProxies: trusted, allowRealIPFallback: true)
        require(attributed == .forwarded(last), "\(attributed) in place of 203.0.113.9")
    }

    private static func head(_ fields: [UInt8]) -> RequestHead? {
        var parser = RequestHeadParser()
        let bytes = Array("GET / HTTP/1.0\r\n".utf8) + fields + Array("\r\n\r\n".utf8)
        return (try? parser.parse(bytes.span))?.head
    }

    private static func checkText(_ address: IPAddress) {
        require(IPAddress(address.description) == address, "\(address) is not read as it is written")
        require(IPAddress(octets: address.octets.span) == address, "\(address) is not its octets")
    }
}
