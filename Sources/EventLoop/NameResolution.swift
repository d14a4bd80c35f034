internal import CLinux
internal import Glibc

extension Sockets {
    /// The stream addresses of `host`, in the resolver's order of preference, without duplicates.
    ///
    /// Waits for DNS unless `host` is a literal: not for reactor threads.
    /// - Parameter host: A name or a literal, IPv6 with or without brackets.
    package static func resolve(host: String, port: UInt16) throws(EventLoopError) -> [SocketAddress] {
        if let literal = SocketAddress(literal: host, port: port) { return [literal] }
        guard !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(0)
        else { throw .unresolvable(host: host, reason: "not a host name") }
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe sallyport_resolve(host, String(port), 0, &list)
        guard code == 0 else {
            throw .unresolvable(host: host, reason: unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ai_next
            guard let pointer = unsafe entry.pointee.ai_addr, let address = unsafe SocketAddress(pointer)
            else { continue }
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}
