internal import EventLoop
internal import Files
internal import HTTP

/// What the system says of our place in the network.
package enum NetworkPosition {
    package static var isContainer: Bool { Files.exists("/.dockerenv") || Files.exists("/run/.containerenv") }

    static func bridgeGateways() -> BridgeGateways {
        let interfaces = ((try? NetworkInterface.all()) ?? []).compactMap { interface -> BridgeGateways.Interface? in
            guard let address = IPAddress(octets: interface.address.bytes.span), !interface.isLoopback,
                !address.isLinkLocal
            else { return nil }
            return BridgeGateways.Interface(
                name: interface.name, address: address,
                isBridge: NetworkInterface.driver(of: interface.name) == "bridge")
        }
        let routes =
            RouteTable.defaultRoutesV4(text("/proc/net/route"))
            + RouteTable.defaultRoutesV6(text("/proc/net/ipv6_route"))
        return BridgeGateways(
            interfaces: interfaces,
            defaultRoutes: routes.map { route in
                BridgeGateways.DefaultRoute(
                    interface: route.interface, gateway: route.gateway,
                    isVirtual: NetworkInterface.driver(of: route.interface) == "veth")
            },
            isContainer: isContainer)
    }

    private static func text(_ path: String) -> String {
        String(decoding: (try? Files.read(path, maxBytes: 1 << 20)) ?? [], as: UTF8.self)
    }
}
