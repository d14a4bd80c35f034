internal import CLinux
internal import Client
internal import EventLoop
internal import Glibc
internal import JSON
internal import Server
internal import TLS
internal import Text

enum GatewayChecks {
    static func service(_ subject: Subject) -> [Finding] {
        guard let service = try? Service(subject.invocation) else { return [] }
        if let installed = service.installed, !installed.isActive {
            return [Finding(.serviceInactive, "the unit is installed, and not active")]
        }
        return [.note(.service, service.sentence)]
    }

    private static let timeout = Duration.seconds(3)
    private static let maxSkewMs: Int64 = 30_000

    /// Dials every address that the gateway listens on, with its own pin.
    static func reachability(_ subject: Subject) -> [Finding] {
        guard let gateway = subject.gateway else { return [] }
        var (reached, findings): ([String], [Finding]) = ([], [])
        for url in urls(gateway) {
            var options = ConnectOptions(url: url)
            options.trust = gateway.pins.flatMap { PinSet($0) }.map { .pins($0) } ?? .systemAuthorities
            options.connectTimeout = timeout
            options.plaintext = PlaintextPolicy(allowsPrivateNetworks: true)
            do throws(ClientError) {
                try GatewayClient.connect(options).close()
                reached.append(url)
            } catch .refused, .closed {
                // It answered, and without a credential that is all there is to see.
                reached.append(url)
            } catch {
                findings.append(
                    Finding(.addressNotReached, "\(url) is not reached from this host: \(error)"))
            }
        }
        if !reached.isEmpty { findings.insert(.ok(.reachability, reached.joined(separator: ", ")), at: 0) }
        return findings
    }

    /// Where it listens on all addresses, all addresses of this host.
    private static func urls(_ gateway: LocalGateway) -> [String] {
        gateway.urls.flatMap { url -> [String] in
            for (any, isV6) in [("0.0.0.0", false), ("[::]", true)] where url.contains("//\(any):") {
                let interfaces = (try? NetworkInterface.all()) ?? []
                return interfaces.filter { $0.isUp && $0.address.scope == 0 && ($0.address.family == .v6) == isV6 }
                    .map { url.replacing(any, with: isV6 ? "[\($0.address.hostText)]" : $0.address.hostText) }
            }
            return url.contains("+unix:") ? [] : [url]
        }
    }

    static func gateway(_ subject: Subject) -> [Finding] {
        guard let gateway = subject.gateway else {
            return [Finding(.gatewayNotRunning, "none runs on \(subject.state.path)")]
        }
        do {
            let target = try Target.resolve(subject.invocation, scopes: ["operator.read"], createsIdentity: false)
            let client = try target.connectAsOwner()
            defer { client.close() }
            var findings: [Finding] = []
            let status = try client.request("status")
            for warning in status["warnings"]?.array ?? [] {
                findings.append(Finding(.gatewayWarning, warning.string ?? ""))
            }
            if let version = client.hello["server"]?["version"]?.string, version != Main.version {
                findings.append(Finding(.otherVersion, "version \(version) runs, this is \(Main.version)"))
            }
            findings += clock(try client.request("health"))
            findings += PoolChecks.findings(try client.request("workers.list"))
            findings += queue(try client.request("sessions.list", .object(JSONObject([("limit", 1000)]))))
            return findings.isEmpty ? [.ok(.gateway, "process \(gateway.pid), \(gateway.url)")] : findings
        } catch {
            return [Finding(.gateway, CommandFailure(any: error), fix: "sallyport gateway restart")]
        }
    }

    /// Proofs of devices are good for two minutes: a clock that is wrong by more keeps everybody out.
    private static func clock(_ health: JSON) -> [Finding] {
        guard let theirs = health["ts"]?.integer else { return [] }
        let skew = theirs - Int64(time(nil)) * 1000
        guard abs(skew) > maxSkewMs else { return [] }
        return [
            Finding(
                .clockSkew, "the gateway's clock differs from ours by \(abs(skew) / 1000) s",
                fix: "set both by NTP: device proofs are good for 120 s")
        ]
    }

    /// A note only: a hypervisor or a host may keep the clock without telling this kernel.
    static func clockKeeper(_ subject: Subject) -> [Finding] {
        guard sallyport_clock_is_kept() == 0 else { return [] }
        return [
            Finding(
                .clockUnkept, "nothing that this kernel knows of keeps the clock (NTP)",
                fix: "timedatectl set-ntp true, or see that the host keeps it: device proofs are good for 120 s")
        ]
    }

    private static func queue(_ sessions: JSON) -> [Finding] {
        let waiting = (sessions["sessions"]?.array ?? []).filter { $0["phase"]?.string == "queued" }.count
        guard waiting > 0 else { return [] }
        return [Finding(.runsWaiting, "\(waiting) runs wait for a worker")]
    }

    /// What the log of this life tells of proxies that nobody has named.
    static func log(_ subject: Subject) -> [Finding] {
        guard subject.gateway != nil,
            let target = try? Target.resolve(subject.invocation, scopes: ["operator.read"], createsIdentity: false),
            let client = try? target.connectAsOwner()
        else { return [] }
        defer { client.close() }
        let lines = (try? client.request("logs.tail", .object(JSONObject([("limit", 5000)]))))?["lines"]?.array ?? []
        let texts = lines.compactMap(\.string)
        var findings: [Finding] = []
        if let line = texts.last(where: { $0.hasPrefix("[proxy] ") }) {
            findings.append(Finding(.unnamedProxy, line))
        }
        let errors = texts.filter { $0.contains("] ERROR [") }
        if let last = errors.last {
            findings.append(Finding(.loggedErrors, "\(errors.count) errors, the last: \(last)"))
        }
        return findings
    }
}
