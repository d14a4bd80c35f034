internal import Config
internal import EventLoop
internal import Files
internal import HTTP

/// Where the gateway listens. Loopback is always among it, without PROXY headers, so that its own children can dial it.
struct ListenPlan {
    /// One of `gateway.listeners`, or the owner's socket.
    struct Extra {
        /// The setting that it comes from, for messages.
        var setting: String
        var address: SocketAddress
        var traits: ListenerTraits
        /// Of a Unix socket's file.
        var mode: UInt32 = 0o600
        /// Whether the gateway starts without it when it cannot be had.
        var isOptional = false
    }

    /// The first is the one whose port, when it is 0, decides for the others.
    var addresses: [SocketAddress]
    /// Whether `addresses` speak TLS.
    var isTLS = true
    var extras: [Extra] = []
    var warnings: [String] = []

    static func make(_ settings: GatewaySettings, ownerSocket: String? = nil) throws(StartFailure) -> ListenPlan {
        var plan = try addresses(of: settings)
        plan.isTLS = settings.tls.enabled
        for listener in settings.listeners {
            plan.extras.append(try extra(listener))
        }
        if let ownerSocket { plan.extras.append(owner(ownerSocket)) }
        try plan.checkConflicts()
        return plan
    }

    private static func addresses(of settings: GatewaySettings) throws(StartFailure) -> ListenPlan {
        let port = settings.port
        let loopback: [SocketAddress] = [.loopback(port: port), .loopbackV6(port: port)]
        switch settings.bind {
        case .loopback: return ListenPlan(addresses: loopback)
        case .lan: return ListenPlan(addresses: [.anyV4(port: port), .anyV6(port: port)])
        case .auto:
            return ListenPlan(
                addresses: NetworkPosition.isContainer ? [.anyV4(port: port), .anyV6(port: port)] : loopback)
        case .tailnet:
            let found = tailnetAddresses(port: port)
            guard !found.isEmpty else {
                return ListenPlan(
                    addresses: loopback,
                    warnings: [
                        "bind is tailnet, but no interface has a tailnet address (100.64.0.0/10, fd7a:115c:a1e0::/48): "
                            + "listening on loopback only; start tailscaled, then the gateway listens on its address too"
                    ])
            }
            return ListenPlan(addresses: loopback + found)
        case .custom:
            guard let host = settings.customBindHost, let address = SocketAddress(literal: host, port: port) else {
                throw StartFailure(
                    .listenAddress, "gateway.customBindHost is not an IP address",
                    hint: "set gateway.customBindHost: \"192.0.2.1\"")
            }
            if address.isLoopback {
                return ListenPlan(addresses: loopback + (loopback.contains(address) ? [] : [address]))
            }
            return ListenPlan(addresses: address.isUnspecified ? [address] : loopback + [address])
        }
    }

    private static func tailnetAddresses(port: UInt16) -> [SocketAddress] {
        let interfaces = (try? NetworkInterface.all()) ?? []
        return interfaces.map(\.address).filter(isTailnet).map { $0.with(port: port) }
    }

    static var hasTailnetAddress: Bool { !tailnetAddresses(port: 0).isEmpty }

    static func isTailnet(_ address: SocketAddress) -> Bool {
        IPAddress(octets: address.bytes.span)?.isTailnet ?? false
    }

    private static func extra(_ listener: ListenerSettings) throws(StartFailure) -> Extra {
        let requiresHeader = listener.proxyProtocol == .required
        switch listener.place {
        case .address(let host, let port):
            guard let address = SocketAddress(literal: host, port: port) else {
                throw StartFailure(.listenAddress, "\(listener.path).address is not an IP address")
            }
            return Extra(
                setting: listener.path, address: address,
                traits: ListenerTraits(isTLS: listener.isTLS, requiresProxyHeader: requiresHeader))
        case .unix(let path, let mode):
            return Extra(
                setting: listener.path, address: .unix(path: path),
                traits: ListenerTraits(kind: .proxySocket, isTLS: listener.isTLS, requiresProxyHeader: requiresHeader),
                mode: mode)
        }
    }

    /// It is private to this user, so it needs no TLS, and the gateway can be had without it.
    private static func owner(_ path: String) -> Extra {
        Extra(
            setting: "the owner's socket", address: .unix(path: path),
            traits: ListenerTraits(kind: .ownerSocket, isTLS: false), isOptional: true)
    }

    /// Two listeners at one place would be told that another gateway is there.
    private func checkConflicts() throws(StartFailure) {
        var taken = addresses.map { (setting: "gateway.bind and gateway.port", address: $0) }
        for extra in extras {
            if let other = taken.first(where: { Self.conflict($0.address, extra.address) }) {
                throw StartFailure(
                    .listenersConflict,
                    "\(extra.setting) listens on \(extra.address), where \(other.setting) already does",
                    hint: "give one of them another port or path")
            }
            taken.append((extra.setting, extra.address))
        }
    }

    private static func conflict(_ one: SocketAddress, _ other: SocketAddress) -> Bool {
        guard one.family == other.family else { return false }
        if one.family == .unix { return one == other }
        guard one.port == other.port, one.port != 0 else { return false }
        return one == other || one.isUnspecified || other.isUnspecified
    }

    /// All addresses by which this machine can be reached through these listeners, for the certificate.
    var reachableAddresses: [String] {
        let all = addresses + extras.filter { $0.traits.isTLS && $0.address.family != .unix }.map(\.address)
        var found = all.filter { !$0.isUnspecified }.map(\.hostText)
        if all.contains(where: \.isUnspecified) {
            found += ((try? NetworkInterface.all()) ?? []).filter { $0.isUp && $0.address.scope == 0 }
                .map(\.address.hostText)
        }
        return Array(Set(found + ["127.0.0.1", "::1"])).sorted()
    }
}
