internal import HTTP

/// A line of `Forwarded` is read hop by hop or not at all; what a client wrote in front changes nothing of what its
/// proxy appends.
enum ForwardedTarget {
    static func check(_ input: [UInt8]) {
        guard let line = text(input) else { return }
        checkNode(line)
        let hops = Forwarded.parse(line)
        for node in (hops ?? []).flatMap({ [$0.for, $0.by] }).compactMap({ $0 }) { checkWritten(node) }

        let appended = Forwarded.parse(line + ", for=\"[2001:db8::9]:4711\";proto=https")
        guard let hops else {
            // With quotes left open, what follows may be part of the value.
            require(appended?.last?.for?.name == nil || !line.contains("\""), "\(line) is read once more follows")
            return
        }
        guard let appended else { found("\(line) is not read with another hop") }
        require(appended.dropLast().elementsEqual(hops), "another hop changed those before it")
        require(appended.last?.for?.name == .address(IPAddress("2001:db8::9")!), "the last hop is not the appended one")
        require(appended.last?.for?.port == .number(4711), "the last hop's port is not the appended one")
        require(appended.last?.proto == "https", "the last hop's scheme is not the appended one")
    }

    private static func checkNode(_ text: String) {
        if let node = ForwardedNode(text) { checkWritten(node) }
    }

    private static func checkWritten(_ node: ForwardedNode) {
        switch node.name {
        case .address(let address):
            let written = address.description
            let quoted = written.contains(":") ? "[\(written)]" : written
            require(ForwardedNode(quoted)?.name == node.name, "\(written) is not read as it is written")
        case .obfuscatedIdentifier(let name):
            require(name.hasPrefix("_") && ForwardedNode(name)?.name == node.name, "\(name) is not read again")
        case .unknown:
            break
        }
    }
}
