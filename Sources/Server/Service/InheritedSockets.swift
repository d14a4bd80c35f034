internal import EventLoop
internal import Glibc

/// Listening sockets that were passed to us: by a service manager (sd_listen_fds(3)), or by the gateway before us.
///
/// Each goes to the listener that would have bound its address; what nobody asks for is closed.
final class InheritedSockets {
    private static let firstDescriptor: Int32 = 3
    private static let maxDescriptors: Int32 = 64

    private struct Entry {
        let socket: FileDescriptorBox
        let address: SocketAddress
    }

    private var entries: [Entry] = []

    init() {}

    init(environment: [String: String], handover: Handover, pid: Int32 = getpid()) {
        for raw in Self.activated(environment, pid: pid) + handover.listeners {
            guard let socket = Sockets.adoptListener(raw), let address = try? Sockets.localAddress(of: socket) else {
                continue
            }
            entries.append(Entry(socket: FileDescriptorBox(socket), address: address))
        }
    }

    private static func activated(_ environment: [String: String], pid: Int32) -> [Int32] {
        guard environment["LISTEN_PID"] == String(pid), let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }),
            (1...maxDescriptors).contains(count)
        else { return [] }
        return (0..<count).map { firstDescriptor + $0 }
    }

    /// - Parameter address: with port 0: of any port.
    func take(_ address: SocketAddress) -> (socket: FileDescriptorBox, address: SocketAddress)? {
        let index = entries.firstIndex { entry in
            entry.address == address
                || (address.family != .unix && address.port == 0 && entry.address.with(port: 0) == address)
        }
        guard let index else { return nil }
        let entry = entries.remove(at: index)
        return (entry.socket, entry.address)
    }

    /// Closes what nobody has asked for.
    /// - Returns: a sentence for each.
    func closeRest() -> [String] {
        defer { entries = [] }
        return entries.map {
            "a socket on \($0.address) was passed, where nothing is to listen: it is closed; "
                + "make gateway.bind, gateway.port or gateway.listeners name it"
        }
    }
}
