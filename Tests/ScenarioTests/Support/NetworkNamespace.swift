import Agents
import CNamespaces
import Files
import Foundation

/// A network namespace with its own loopback, joined to a second one, the outside, by a cable:
///
/// ```
/// inside                                    outside
/// lo 127.0.0.1, 172.18.0.2, 100.64.0.10     lo
/// eth0 172.18.0.2/16  ───── veth ─────      eth0 172.18.0.1/16
/// ```
///
/// Seen from inside, connections from the outside have the address that a Docker bridge gives to strangers.
final class NetworkNamespace: Sendable {
    static let bridgeAddress = "172.18.0.2"
    static let outsideAddress = "172.18.0.1"
    static let tailnetAddress = "100.64.0.10"

    let name: String
    private let owned: [String]
    let outsideName: String

    private init(name: String, outsideName: String) {
        self.name = name
        self.outsideName = outsideName
        owned = [name, outsideName]
    }

    /// - Returns: nil where this user may not make one, or `SALLYPORT_TEST_NAMESPACES=0` says not to.
    static func make() -> NetworkNamespace? {
        guard geteuid() == 0, ProcessInfo.processInfo.environment["SALLYPORT_TEST_NAMESPACES"] != "0" else {
            return nil
        }
        let id = UUID().uuidString.prefix(8).lowercased()
        let namespace = NetworkNamespace(name: "sp-\(id)", outsideName: "sp-\(id)-out")
        let (inside, outside) = (namespace.name, namespace.outsideName)
        let cable = "sp\(id)"
        let steps = [
            "netns add \(inside)", "netns add \(outside)",
            "link add \(cable) netns \(inside) type veth peer name eth0 netns \(outside)",
            "-n \(inside) link set \(cable) name eth0",
            "-n \(inside) addr add \(bridgeAddress)/16 dev eth0",
            "-n \(inside) addr add \(tailnetAddress)/32 dev eth0",
            "-n \(outside) addr add \(outsideAddress)/16 dev eth0",
            "-n \(inside) link set lo up", "-n \(inside) link set eth0 up",
            "-n \(outside) link set lo up", "-n \(outside) link set eth0 up",
            "-n \(outside) route add \(tailnetAddress)/32 dev eth0",
        ]
        for step in steps where !ip(step) { return nil }
        return namespace
    }

    deinit {
        for name in owned { _ = Self.ip("netns del \(name)") }
    }

    /// As a container has it: out through the bridge.
    func addDefaultRoute() -> Bool { Self.ip("-n \(name) route add default via \(Self.outsideAddress)") }

    func removeTailnetAddress() -> Bool { Self.ip("-n \(name) addr del \(Self.tailnetAddress)/32 dev eth0") }
    func addTailnetAddress() -> Bool { Self.ip("-n \(name) addr add \(Self.tailnetAddress)/32 dev eth0") }

    private static func ip(_ words: String) -> Bool { run("ip " + words) }

    private static func run(_ words: String) -> Bool {
        let words = words.split(separator: " ").map(String.init)
        guard
            let child = try? ChildProcess.spawn(
                ProcessSpec(
                    executable: words[0], arguments: Array(words.dropFirst()),
                    environment: CommandLineTool.baseEnvironment)),
            let status = try? eventually(words.joined(separator: " "), { child.reap() })
        else { return false }
        return status.isSuccess
    }

    /// Lets every packet between inside and outside vanish, both ways: connections stay, half-open.
    func silence() throws {
        let nft = "ip netns exec \(name) nft"
        let rules = [
            "add table inet silence",
            "add chain inet silence in { type filter hook input priority 0 ; }",
            "add chain inet silence out { type filter hook output priority 0 ; }",
            "add rule inet silence in iifname eth0 drop", "add rule inet silence out oifname eth0 drop",
        ]
        for rule in rules where !Self.run("\(nft) \(rule)") { throw Unexpected("nft refuses: \(rule)") }
    }

    func endSilence() throws {
        guard Self.run("ip netns exec \(name) nft delete table inet silence") else {
            throw Unexpected("nft does not end the silence")
        }
    }

    /// Whether ``silence()`` can work here.
    static let canSilence =
        ExecutableSearch.find("nft", searchPath: CommandLineTool.baseEnvironment["PATH"] ?? "") != nil

    /// What makes a command run inside.
    var prefix: [String] { ["ip", "netns", "exec", name] }

    /// Runs `body` inside, on a thread of its own, because a thread stays where it entered. Sockets that are connected
    /// there can be used from anywhere.
    func inside<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await Self.enter(name, body)
    }

    func outside<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await Self.enter(outsideName, body)
    }

    private static func enter<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        let path = "/run/netns/\(name)"
        return try await onThread(setUp: {
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            // Without this the body would meet the wrong gateway, or none; nothing could be learnt from it.
            precondition(sallyport_enter_network_namespace(descriptor) == 0, "cannot enter \(path)")
        }) {
            try await body()
        }
    }
}
