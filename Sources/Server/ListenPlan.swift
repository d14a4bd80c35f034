internal import Config
internal import EventLoop
internal import Files
internal import HTTP

/// Which addresses the gateway listens on. Loopback is always among them, so that its own children can dial it.
struct ListenPlan {
    /// The first is the one whose port, when it is 0, decides for the others.
    var addresses: [SocketAddress]
    var warnings: [String] = []

    static func make(_ settings: GatewaySettings) throws(StartFailure) -> ListenPlan {
        let port = settings.port
        let loopback: [SocketAddress] = [.loopback(port: port), .loopbackV6(port: port)]
        switch settings.bind {
        case .loopback: return ListenPlan(addresses: loopback)
        case .lan: return ListenPlan(addresses: [.anyV4(port: port), .anyV6(port: port)])
        case .auto:
            let isContainer = Files.exists("/.dockerenv") || Files.exists("/run/.containerenv")
            return ListenPlan(
                addresses: isContainer ? [.anyV4(port: port), .anyV6(port: port)] : loopback)
        case .tailnet:
            let found = tailnetAddresses(port: port)
            guard !found.isEmpty else {
                return ListenPlan(
                    addresses: loopback,
                    warnings: [
                        "bind is tailnet, but no interface has a tailnet address (100.64.0.0/10, fd7a:115c:a1e0::/48): "
                            + "listening on loopback only; start tailscaled and restart"
                    ])
            }
            return ListenPlan(addresses: loopback + found)
        case .custom:
            guard let host = settings.customBindHost, let address = SocketAddress(literal: host, port: port) else {
                throw .configuration(
                    "gateway.customBindHost is not an IP address", hint: "set gateway.customBindHost: \"192.0.2.1\"")
            }
            if address.isLoopback {
                return ListenPlan(addresses: loopback + (loopback.contains(address) ? [] : [address]))
            }
            return ListenPlan(addresses: address.isUnspecified ? [address] : loopback + [address])
        }
    }

    private static func tailnetAddresses(port: UInt16) -> [SocketAddress] {
        let interfaces = (try? NetworkInterface.all()) ?? []
        return interfaces.filter { IPAddress(octets: $0.address.bytes.span)?.isTailnet ?? false }
            .map { $0.address.with(port: port) }
    }

    /// All addresses by which this machine can be reached through these listeners, for the certificate.
    var reachableAddresses: [String] {
        var found = addresses.filter { !$0.isUnspecified }.map(\.hostText)
        if addresses.contains(where: \.isUnspecified) {
            found += ((try? NetworkInterface.all()) ?? []).filter { $0.isUp && $0.address.scope == 0 }
                .map(\.address.hostText)
        }
        return Array(Set(found + ["127.0.0.1", "::1"])).sorted()
    }

    /// Binds every address. With port 0 the kernel chooses for the first, and the others take the same.
    func listen() throws(StartFailure) -> [BoundListener] {
        let isAnyPort = addresses.first?.port == 0
        for attempt in 0..<16 {
            do throws(EventLoopError) {
                return try bindAll()
            } catch .addressInUse(let address) {
                if isAnyPort, attempt < 15 { continue }
                let holder = PortHolder.find(port: address.port).map { " by \($0)" } ?? ""
                throw .configuration(
                    "Gateway failed to start: another gateway instance is already listening on \(address)\(holder)",
                    hint: "stop it, or choose another port with --port or gateway.port")
            } catch {
                throw .configuration("cannot listen: \(error.description)", hint: "check gateway.bind and gateway.port")
            }
        }
        throw .other("no free port was found")
    }

    private func bindAll() throws(EventLoopError) -> [BoundListener] {
        var bound: [BoundListener] = []
        var port = addresses.first?.port ?? 0
        for address in addresses {
            do throws(EventLoopError) {
                let socket = try Sockets.listen(on: address.with(port: port))
                let local = try Sockets.localAddress(of: socket)
                port = local.port
                bound.append(BoundListener(socket: FileDescriptorBox(socket), address: local))
            } catch .addressInUse(let taken) {
                throw .addressInUse(taken)
            } catch {
                // A machine without IPv6 is served on IPv4 alone.
                guard address.family == .v6, !bound.isEmpty, address.isLoopback || address.isUnspecified else {
                    throw error
                }
            }
        }
        return bound
    }
}

struct BoundListener: Sendable {
    let socket: FileDescriptorBox
    let address: SocketAddress
}
