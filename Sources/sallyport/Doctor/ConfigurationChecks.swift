internal import Config
internal import Files
internal import Server
internal import Text

enum ConfigurationChecks {
    static func configuration(_ subject: Subject) -> [Finding] {
        var findings = subject.result.problems.map { problem in
            Finding(
                .configuration, problem.severity == .error ? .error : .warning, problem.rule,
                (problem.location.map { "\($0): " } ?? "") + problem.message,
                fix: problem.remedy ?? (problem.path.isEmpty ? nil : "correct or remove \(problem.path)"))
        }
        guard findings.isEmpty else { return findings }
        if subject.locations.files.isEmpty {
            findings.append(
                Finding(
                    .noConfigurationFile,
                    "there is no configuration file: defaults, with TLS and a generated token",
                    fix: "write \(subject.state.path)/openclaw.json when you want something else"))
        } else {
            findings.append(
                .ok(.configuration, subject.locations.files.joined(separator: ", ")))
        }
        return findings
    }

    /// An agent whose program is not there fails with its first run only.
    static func agents(_ subject: Subject) -> [Finding] {
        guard let configuration = subject.configuration else { return [] }
        let path = subject.invocation.environment["PATH"] ?? ""
        var findings: [Finding] = []
        for agent in configuration.agents {
            guard let program = agent.exec?.command.first ?? agent.acp?.command.first else {
                findings.append(
                    Finding(
                        .agentWithoutCommand, "agent \(agent.id) has no command: it cannot be given anything to do",
                        fix: "set agents.list[].exec.command, or its runtime"))
                continue
            }
            if !isProgram(program, path: path) {
                findings.append(
                    Finding(
                        .agentProgram, "agent \(agent.id): \(program) is not there",
                        fix: "install it, or correct agents.list[].exec.command"))
            }
        }
        return findings.isEmpty
            ? [.ok(.agents, "\(configuration.agents.count), and their programs are there")] : findings
    }

    private static func isProgram(_ program: String, path: String) -> Bool {
        // What is named by variables or relative to somewhere is looked up when it runs.
        if program.contains("{") || (program.contains("/") && !program.hasPrefix("/")) { return true }
        if program.hasPrefix("/") { return Files.exists(program) }
        return path.split(separator: ":").contains { Files.exists("\($0)/\(program)") }
    }

    private static let minTokenBytes = 16

    static func secrets(_ subject: Subject) -> [Finding] {
        guard let gateway = subject.configuration?.gateway else { return [] }
        var findings: [Finding] = []
        if gateway.auth.mode == .token, let token = gateway.auth.token, token.value.utf8.count < minTokenBytes,
            gateway.bind != .loopback
        {
            findings.append(
                Finding(
                    .shortToken, "gateway.auth.token is short, and the gateway listens beyond loopback",
                    fix:
                        "remove gateway.auth.token to have a strong one generated, or set one of at least \(minTokenBytes) characters"
                ))
        }
        if !gateway.tls.enabled, gateway.bind != .loopback {
            findings.append(
                Finding(
                    .plaintextBeyondLoopback,
                    "TLS is off, and the gateway listens beyond loopback: tokens can be read on the way"))
        }
        if !gateway.enforcePairing {
            findings.append(
                Finding(
                    .pairingNotEnforced,
                    "gateway.security.enforcePairing is false: any device with the token is let in"))
        }
        return findings
    }
}
