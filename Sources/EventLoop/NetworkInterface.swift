internal import CLinux
internal import Glibc

/// One address of one network interface.
package struct NetworkInterface: Hashable, Sendable {
    package let name: String
    /// Port zero.
    package let address: SocketAddress
    package let isUp: Bool
    package let isLoopback: Bool
    package let isPointToPoint: Bool

    /// All IPv4 and IPv6 addresses of this host, in the kernel's order.
    package static func all() throws(EventLoopError) -> [NetworkInterface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { throw .system(call: "getifaddrs", errno: errno) }
        defer { unsafe freeifaddrs(list) }
        var interfaces: [NetworkInterface] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let pointer = unsafe entry.pointee.ifa_addr, let address = unsafe SocketAddress(pointer)
            else { continue }
            interfaces.append(
                NetworkInterface(
                    name: unsafe String(cString: entry.pointee.ifa_name),
                    address: address,
                    isUp: unsafe sallyport_interface_is_up(entry) != 0,
                    isLoopback: unsafe sallyport_interface_is_loopback(entry) != 0,
                    isPointToPoint: unsafe sallyport_interface_is_point_to_point(entry) != 0))
        }
        return interfaces
    }

    /// What drives an interface: `bridge`, `veth`, or the name of a card's driver. `nil` when the kernel does not say, as
    /// for loopback.
    package static func driver(of name: String) -> String? {
        guard let socket = try? Sockets.makeSocket(.loopback(port: 0)) else { return nil }
        var buffer = [CChar](repeating: 0, count: 64)
        guard unsafe sallyport_interface_driver(socket.raw, name, &buffer, buffer.count) == 0 else { return nil }
        let driver = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return driver.isEmpty ? nil : driver
    }
}
