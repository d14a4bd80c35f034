internal import Config
internal import Errors
internal import Files
internal import JSON
internal import Server
internal import Text

/// `doctor`: looks at everything that is known to go wrong, and says what mends it.
enum DoctorCommand {
    static let command = Command(
        "doctor", summary: "Checks configuration, state, certificate, network and the running gateway.",
        options: [
            .init("fix", nil, "mend what can be mended safely: permissions, and what a crash left behind"),
            .init(
                "state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
            .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
            .init("json", nil, "print JSON"),
        ],
        notes: ["Exit codes: 0 nothing is wrong (warnings may be), 1 something is, 78 the configuration has errors."]
    ) { invocation in
        let subject = try Subject(invocation)
        var findings = subject.checks.flatMap { $0(subject) }
        if invocation.arguments.has("fix") { for index in findings.indices { findings[index].mend() } }
        let isBroken = findings.contains { $0.severity == .error && $0.repaired == nil }
        let isMisconfigured = findings.contains { $0.severity == .error && $0.check == .configuration }
        let code: Int32 = isMisconfigured ? 78 : isBroken ? 1 : 0
        if invocation.arguments.has("json") {
            let report = JSONObject([
                ("ok", .bool(code == 0)), ("stateDir", .string(subject.state.path)),
                ("findings", .array(findings.map(\.json))),
            ])
            invocation.terminal.print(JSON.object(report).prettyPrinted())
        } else {
            invocation.terminal.print(text(findings))
        }
        return code
    }

    private static func text(_ findings: [Finding]) -> String {
        var lines: [String] = []
        for finding in findings {
            let code = finding.rule.map { " [\($0.code)]" } ?? ""
            lines.append("\(label(finding))  \(finding.check.rawValue): \(finding.message)\(code)")
            if let repaired = finding.repaired {
                lines.append("         mended: \(repaired)")
            } else if let fix = finding.fix {
                lines.append("         fix: \(fix)")
            }
        }
        let open = findings.filter { $0.repaired == nil }
        let (errors, warnings) = (open.filter { $0.severity == .error }, open.filter { $0.severity == .warning })
        lines.append("")
        lines.append(
            errors.isEmpty && warnings.isEmpty
                ? "Nothing is wrong." : "\(errors.count) errors, \(warnings.count) warnings.")
        if open.contains(where: { $0.repair != nil }) {
            lines.append("Some can be mended with: sallyport doctor --fix")
        }
        if !errors.isEmpty || !warnings.isEmpty { lines.append("More of each [code]: sallyport explain error CODE") }
        return lines.joined(separator: "\n")
    }

    private static func label(_ finding: Finding) -> String {
        switch finding.severity {
        case .ok: "ok     "
        case .info: "note   "
        case .warning: "warning"
        case .error: "error  "
        }
    }
}

/// What is looked at.
struct Subject {
    let invocation: Invocation
    let locations: ConfigLocations
    let state: StateDirectory
    let result: ConfigResult
    /// The one that runs on this state.
    let gateway: LocalGateway?

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        locations = try Locations.resolve(invocation)
        state = StateDirectory(locations.stateDirectory)
        result = ConfigFiles.load(locations, environment: invocation.environment)
        gateway = try LocalGateway.find(state)
    }

    var configuration: Configuration? { result.configuration }

    var checks: [(Subject) -> [Finding]] {
        [
            ConfigurationChecks.configuration, ConfigurationChecks.agents, ConfigurationChecks.secrets,
            StateChecks.permissions, StateChecks.leftovers, StateChecks.disk, CertificateChecks.certificate,
            NetworkChecks.port, NetworkChecks.container, NetworkChecks.descriptors, GatewayChecks.service,
            GatewayChecks.reachability, GatewayChecks.gateway, GatewayChecks.clockKeeper, GatewayChecks.log,
        ]
    }
}
