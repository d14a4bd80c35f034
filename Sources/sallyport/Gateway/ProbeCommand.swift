internal import Client
internal import EventLoop
internal import JSON
internal import TLS
internal import Text

/// `gateway probe`: which gateways can be reached from here, as whom, and what may be done there.
enum ProbeCommand {
    static let command = Command(
        "gateway probe", summary: "Tries the gateways that a command could mean: named, configured, and on this host.",
        options: CommandTable.clientOptions + [
            .init("ssh", "USER@HOST", "not here: says how to open the tunnel with ssh itself")
        ],
        notes: ["Exit code 1 only if none was reached. Nothing is created: no identity, no pairing request."]
    ) { invocation in
        if invocation.arguments["ssh"] != nil { throw tunnel }
        let outcomes = try targets(invocation).map { ProbeOutcome.probe($0.id, $0.target) }
        let report = ProbeReport(outcomes)
        if invocation.arguments.has("json") {
            let timeout = try invocation.arguments.integer("timeout", in: 1...600_000) ?? 10_000
            invocation.terminal.print(report.json(timeoutMs: timeout).prettyPrinted())
        } else {
            invocation.terminal.print(report.text)
        }
        return report.isOK ? 0 : 1
    }

    private static var tunnel: CommandFailure {
        CommandFailure(
            .noTunnel, "gateway probe opens no SSH tunnel",
            hint: "open it yourself: ssh -N -L 18789:127.0.0.1:18789 USER@HOST, "
                + "then: sallyport gateway probe --url wss://127.0.0.1:18789 --token TOKEN --tls-fingerprint PIN")
    }

    /// What a command would dial, and besides it the gateway on this state directory.
    private static func targets(_ invocation: Invocation) throws -> [(id: String, target: Target)] {
        let first = try Target.resolve(invocation, scopes: ["operator.read"], createsIdentity: false)
        if first.isLocal || first.source == Target.configurationSource { return [("loopback", first)] }
        let id = first.source == RemoteGateway.source ? "remote" : "explicit"
        var targets = [(id: id, target: first)]
        if let local = try LocalGateway.find(first.state), local.url != first.options.url {
            var second = first
            second.options.url = local.url
            second.options.trust = local.pins.flatMap { PinSet($0) }.map { .pins($0) } ?? .systemAuthorities
            second.options.token = nil
            second.options.password = nil
            second.options.deviceToken = nil
            second.ownerSocket = local.ownerSocket
            targets.append(("loopback", second))
        }
        return targets
    }
}

/// What one gateway said.
struct ProbeOutcome {
    let id: String
    let url: String
    let source: String
    var failure: ClientError?
    var rpcFailure: ClientError?
    var role: String?
    var scopes: [String] = []
    var version: String?
    var milliseconds: Int64 = 0

    static func probe(_ id: String, _ target: Target) -> ProbeOutcome {
        var outcome = ProbeOutcome(id: id, url: target.options.url, source: target.source)
        let start = MonotonicInstant.now()
        defer { outcome.milliseconds = Int64(((MonotonicInstant.now() - start) / .milliseconds(1)).rounded()) }
        let client: GatewayClient
        do throws(ClientError) {
            client = try target.dialAsOwner()
        } catch {
            outcome.failure = error
            return outcome
        }
        outcome.role = client.hello["auth"]?["role"]?.string
        outcome.scopes = client.grantedScopes
        outcome.version = client.hello["server"]?["version"]?.string
        do throws(ClientError) {
            _ = try client.request("status", timeout: target.options.connectTimeout)
        } catch {
            outcome.rpcFailure = error
        }
        client.close()
        return outcome
    }

    /// Somebody who speaks the protocol answered, whatever it said.
    var isReached: Bool {
        switch failure {
        case nil, .refused, .closed: true
        default: false
        }
    }

    var isConnected: Bool { failure == nil }
    var isScopeLimited: Bool { isConnected && rpcFailure != nil }

    var capability: String {
        if failure?.pairingRequestID != nil { return "pairing_pending" }
        guard isConnected else { return "unknown" }
        if scopes.contains("operator.admin") { return "admin_capable" }
        if scopes.contains("operator.write") { return "write_capable" }
        return scopes.contains("operator.read") ? "read_only" : "connected_no_operator_scope"
    }

    var json: JSON {
        var connect = JSONObject([
            ("ok", .bool(isConnected)), ("rpcOk", .bool(isConnected && rpcFailure == nil)),
            ("scopeLimited", .bool(isScopeLimited)), ("latencyMs", .integer(milliseconds)),
        ])
        connect["error"] = (failure ?? rpcFailure).map { .string($0.description) }
        return .object(
            JSONObject([
                ("id", .string(id)), ("url", .string(url)), ("source", .string(source)), ("connect", .object(connect)),
                (
                    "auth",
                    .object(
                        JSONObject([
                            ("role", role.map { .string($0) } ?? .null),
                            ("scopes", .array(scopes.map { .string($0) })),
                        ]))
                ),
                ("version", version.map { .string($0) } ?? .null), ("capability", .string(capability)),
            ]))
    }
}

/// All of them together.
struct ProbeReport {
    let outcomes: [ProbeOutcome]

    init(_ outcomes: [ProbeOutcome]) {
        self.outcomes = outcomes
    }

    var isOK: Bool { outcomes.contains(where: \.isReached) }
    /// The one that a command would talk to.
    private var primary: ProbeOutcome? { outcomes.first(where: \.isConnected) ?? outcomes.first(where: \.isReached) }

    private var warnings: [(code: String, message: String, ids: [String])] {
        var warnings: [(code: String, message: String, ids: [String])] = []
        let reached = outcomes.filter(\.isReached)
        if reached.count > 1 {
            warnings.append(
                ("multiple_gateways", "several gateways answer; commands mean \(outcomes[0].id)", reached.map(\.id)))
        }
        let limited = outcomes.filter(\.isScopeLimited)
        if !limited.isEmpty {
            warnings.append(
                ("probe_scope_limited", "connected, but the status may not be read", limited.map(\.id)))
        }
        return warnings
    }

    func json(timeoutMs: Int64) -> JSON {
        .object(
            JSONObject([
                ("ok", .bool(isOK)), ("degraded", .bool(outcomes.contains { !$0.isConnected || $0.isScopeLimited })),
                ("capability", .string(primary?.capability ?? "unknown")),
                ("primaryTargetId", primary.map { .string($0.id) } ?? .null),
                (
                    "warnings",
                    .array(
                        warnings.map { warning in
                            [
                                "code": .string(warning.code), "message": .string(warning.message),
                                "targetIds": .array(warning.ids.map { .string($0) }),
                            ]
                        })
                ), ("network", .object(JSONObject())),
                ("discovery", ["timeoutMs": .integer(timeoutMs), "count": 0]),
                ("targets", .array(outcomes.map(\.json))),
            ]))
    }

    var text: String {
        var rows = [["TARGET", "URL", "REACHED", "MAY", "MS"]]
        for outcome in outcomes {
            rows.append([
                outcome.id, outcome.url, outcome.isReached ? "yes" : "no", outcome.capability,
                String(outcome.milliseconds),
            ])
        }
        var lines = [Terminal.table(rows)]
        for outcome in outcomes {
            guard let why = outcome.failure ?? outcome.rpcFailure else { continue }
            lines.append("\(outcome.id): \(why)")
            if let hint = CommandFailure(why).hint { lines.append("  hint: \(hint)") }
        }
        lines += warnings.map { "warning: \($0.message)" }
        return lines.joined(separator: "\n")
    }
}
