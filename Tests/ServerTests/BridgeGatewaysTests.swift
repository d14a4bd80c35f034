import HTTP
import Testing

@testable import Server

@Suite("Addresses that a bridge lends to strangers")
struct BridgeGatewaysTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var interfaces: [(name: String, address: String, isBridge: Bool)] = []
        var routes: [(interface: String, gateway: String, isVirtual: Bool)] = []
        var isContainer = false
        var trusted: [String]
        /// `<range> <address>`; nil when nothing is refused.
        var refused: String?
    }

    private static let docker = [(name: "docker0", address: "172.17.0.1", isBridge: true)]
    private static let eth0 = [(name: "eth0", address: "172.18.0.2", isBridge: false)]
    private static let lan = [(interface: "eth0", gateway: "192.168.1.1", isVirtual: false)]
    private static let cable = [(interface: "eth0", gateway: "172.18.0.1", isVirtual: true)]

    static let cases: [Case] = [
        Case(testDescription: "nothing is trusted", interfaces: docker, routes: cable, trusted: []),
        Case(
            testDescription: "in a container its gateway", interfaces: eth0, routes: cable, trusted: ["172.18.0.1"],
            refused: "172.18.0.1 172.18.0.1"),
        Case(
            testDescription: "a range that holds it", interfaces: eth0, routes: cable,
            trusted: ["10.0.0.1", "172.16.0.0/12"], refused: "172.16.0.0/12 172.18.0.1"),
        Case(
            testDescription: "the same, mapped", interfaces: eth0, routes: cable, trusted: ["::ffff:172.18.0.1"],
            refused: "::ffff:172.18.0.1 172.18.0.1"),
        Case(
            testDescription: "everybody", interfaces: eth0, routes: cable, trusted: ["0.0.0.0/0"],
            refused: "0.0.0.0/0 172.18.0.1"),
        Case(
            testDescription: "the proxy's container", interfaces: eth0, routes: cable,
            trusted: ["172.18.0.3", "127.0.0.1"]),
        Case(
            testDescription: "a range without it", interfaces: eth0, routes: cable, trusted: ["172.18.0.128/25"]),
        Case(
            testDescription: "a container that only says so", interfaces: eth0,
            routes: [(interface: "eth0", gateway: "172.18.0.1", isVirtual: false)], isContainer: true,
            trusted: ["172.18.0.1"], refused: "172.18.0.1 172.18.0.1"),
        Case(
            testDescription: "IPv6", routes: [(interface: "eth0", gateway: "fd00:18::1", isVirtual: true)],
            trusted: ["fd00:18::/64"], refused: "fd00:18::/64 fd00:18::1"),
        Case(
            testDescription: "IPv6 everybody is not IPv4", interfaces: eth0, routes: cable, trusted: ["::/0"]),
        Case(
            testDescription: "on a host its bridge", interfaces: docker, routes: lan, trusted: ["172.17.0.0/16"],
            refused: "172.17.0.0/16 172.17.0.1"),
        Case(
            testDescription: "on a host its router, which may be a proxy", interfaces: docker, routes: lan,
            trusted: ["192.168.1.1", "127.0.0.1"]),
        Case(
            testDescription: "on a host a container", interfaces: docker, routes: lan, trusted: ["172.17.0.2"]),
        Case(
            testDescription: "a bridge that is the way out lends nothing",
            interfaces: [(name: "br0", address: "192.168.1.10", isBridge: true)],
            routes: [(interface: "br0", gateway: "192.168.1.1", isVirtual: false)], trusted: ["192.168.1.0/24"]),
    ]

    @Test("are not to be trusted", arguments: cases)
    func refused(_ testCase: Case) throws {
        let ranges = try testCase.trusted.map { try #require(CIDR($0)) }
        let bridges = BridgeGateways(
            interfaces: try testCase.interfaces.map {
                .init(name: $0.name, address: try #require(IPAddress($0.address)), isBridge: $0.isBridge)
            },
            defaultRoutes: try testCase.routes.map {
                .init(interface: $0.interface, gateway: try #require(IPAddress($0.gateway)), isVirtual: $0.isVirtual)
            },
            isContainer: testCase.isContainer)
        let conflict = bridges.conflict(with: ranges)
        #expect(conflict.map { "\(testCase.trusted[$0.index]) \($0.lent.address)" } == testCase.refused)
        guard let conflict else { return }
        #expect(bridges.addresses.contains(conflict.lent.address))
        let refusal = BridgeGateways.refusal(testCase.trusted[conflict.index], conflict.lent)
        #expect(refusal.rule == .proxyIsBridge && refusal.exitCode == 78)
        #expect(refusal.message.hasPrefix("gateway.trustedProxies: \"\(testCase.trusted[conflict.index])\" "))
        #expect(refusal.hint.contains("gateway.listeners"))
    }

    @Test func defaultRoutesAreReadFromTheKernelsTable() throws {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
            eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
            ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
            tun0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0
            nonsense
            """
        #expect(
            RouteTable.defaultRoutesV4(table)
                == [.init(interface: "eth0", gateway: try #require(IPAddress("172.18.0.1")))])
        #expect(RouteTable.defaultRoutesV4("") == [])
    }

    @Test func defaultRoutesOfIPv6Too() throws {
        let zeros = String(repeating: "0", count: 32)
        let table = """
            fd000000000000000000000000000000 40 \(zeros) 00 \(zeros) 00000100 00000001 00000000 00000001     eth0
            \(zeros) 00 \(zeros) 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
            \(zeros) 00 \(zeros) 00 \(zeros) ffffffff 00000001 00000000 00200200       lo
            nonsense
            """
        #expect(
            RouteTable.defaultRoutesV6(table)
                == [.init(interface: "eth0", gateway: try #require(IPAddress("fd00::1")))])
    }

    @Test func thisMachinesTablesCanBeRead() {
        // What they hold is not known here; that they are read without complaint is.
        _ = NetworkPosition.bridgeGateways()
    }
}
