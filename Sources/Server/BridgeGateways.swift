internal import HTTP

/// Finds addresses that a container bridge lends to strangers.
///
/// Who comes through a published port, from the host itself, or by masquerading has the bridge's address, whoever he is.
/// Seen from inside a container that is the default gateway, seen from its host the bridge's own address. Behind such an
/// address nobody can be told from a proxy.
struct BridgeGateways {
    struct Interface: Equatable {
        let name: String
        let address: IPAddress
        /// A bridge of this machine, such as `docker0`.
        let isBridge: Bool
    }

    struct DefaultRoute: Equatable {
        let interface: String
        let gateway: IPAddress
        /// One end of a cable into another network namespace, as containers have it.
        let isVirtual: Bool
    }

    struct Lent: Equatable {
        enum Reason: Equatable {
            case containerGateway(interface: String)
            case bridge(name: String)
        }

        let address: IPAddress
        let reason: Reason
    }

    let lent: [Lent]

    init(interfaces: [Interface], defaultRoutes: [DefaultRoute], isContainer: Bool) {
        let gateways = defaultRoutes.filter { isContainer || $0.isVirtual }.map { route in
            Lent(address: route.gateway, reason: .containerGateway(interface: route.interface))
        }
        // A bridge that leads to the default gateway joins this machine to its network: nothing is translated there.
        let uplinks = Set(defaultRoutes.map(\.interface))
        let bridges = interfaces.filter { $0.isBridge && !uplinks.contains($0.name) }.map { interface in
            Lent(address: interface.address, reason: .bridge(name: interface.name))
        }
        lent = gateways + bridges
    }

    var addresses: Set<IPAddress> { Set(lent.map(\.address)) }

    /// The first of the ranges that holds a lent address.
    func conflict(with ranges: [CIDR]) -> (index: Int, lent: Lent)? {
        for (index, range) in ranges.enumerated() {
            if let lent = lent.first(where: { range.contains($0.address) }) { return (index, lent) }
        }
        return nil
    }

    /// - Parameter written: The range as it stands in the configuration.
    static func refusal(_ written: String, _ lent: Lent) -> StartFailure {
        let what =
            switch lent.reason {
            case .containerGateway(let interface): "the gateway of this container's network (\(interface))"
            case .bridge(let name): "the address of the bridge \(name)"
            }
        let holds = written == lent.address.description ? "is" : "holds \(lent.address),"
        return StartFailure(
            .proxyIsBridge,
            "gateway.trustedProxies: \"\(written)\" \(holds) \(what): strangers who come through a published port have "
                + "it too, and could name any client address",
            hint: "name the proxy's own address on that network instead (give its container a fixed one), let a proxy "
                + "on this host connect through a Unix socket (gateway.listeners: [{ path: \"/run/sallyport/"
                + "gateway.sock\" }]), or leave it out: then its clients are strangers, who need pairing")
    }
}
