internal import JSON

/// `secrets.providers.<name>`: what gives secrets by their ids.
///
/// A program (`source: "exec"`) reads `{"protocolVersion": 1, "provider": …, "ids": […]}` from its standard input and writes
/// `{"protocolVersion": 1, "values": {id: secret}}`, or, without `jsonOnly`, the secret itself.
struct SecretProvider {
    static let defaultTimeoutMs = 5000

    enum Kind {
        case program(SecretCommand, isJSONOnly: Bool)
        case file(SecretFile)
    }

    let name: String
    let kind: Kind

    /// - Returns: nil for variables, which need none; and, after a report, for one without program or file.
    init?(_ name: String, _ section: Section, environment: [String: String]) {
        enum Source: String, CaseIterable { case env, file, exec }
        let source = section.choice("source", default: Source.exec)
        let program = section.optionalPath("command")
        let arguments = section.strings("args")
        let passed = section.strings("passEnv", allowed: "names of variables")
        let own = section.environment("env")
        let timeout = section.integer("timeoutMs", default: Self.defaultTimeoutMs, in: 1...120_000)
        let maxOutput = section.integer("maxOutputBytes", default: 1 << 20, in: 1...(16 << 20))
        let isJSONOnly = section.bool("jsonOnly", default: true)
        let allowsLink = section.bool("allowSymlinkCommand", default: false)
        let trusted = section.strings("trustedDirs", allowed: "absolute paths") { $0.hasPrefix("/") }
        let file = section.optionalPath("path")
        let mode = section.choice("mode", default: SecretFile.Mode.json)
        section.warnAboutUnknownKeys(ignoring: ["allowlist", "noOutputTimeoutMs", "allowInsecurePath", "maxBytes"])
        guard source != .env, let node = section.node else { return nil }
        self.name = name
        if source == .file {
            // Without one its references name their files themselves.
            guard let file else { return nil }
            kind = .file(SecretFile(path: file, mode: mode))
            return
        }
        guard let program, program.hasPrefix("/") else {
            let path = section.path(of: "command")
            section.context.error(
                .incomplete, path, "\(path) must be the absolute path of a program", at: node.location,
                remedy: "add command: \"/path/to/program\"")
            return nil
        }
        let command = SecretCommand(
            executable: program, arguments: arguments,
            environment: environment.filter { passed.contains($0.key) }.merging(own) { $1 },
            timeout: .milliseconds(timeout), maxOutputBytes: maxOutput, allowsSymbolicLink: allowsLink,
            trustedDirectories: trusted)
        kind = .program(command, isJSONOnly: isJSONOnly)
    }

    func question(_ id: String, for command: SecretCommand) -> SecretCommand {
        var asked = command
        let question: JSON = ["protocolVersion": 1, "provider": .string(name), "ids": [.string(id)]]
        asked.input = question.serialized() + [0x0A]
        return asked
    }

    static func answer(_ output: [UInt8], _ id: String, isJSONOnly: Bool) throws(SecretFailure) -> String {
        guard let object = (try? JSONParser.parse(output))?.object else {
            guard !isJSONOnly else {
                throw SecretFailure(
                    "does not answer in JSON", remedy: "set jsonOnly: false if it prints the secret itself")
            }
            guard let text = String(validating: output, as: UTF8.self) else { throw SecretFailure("prints no text") }
            return text
        }
        guard let value = object["values"]?[id]?.string else { throw SecretFailure("has no value for this id") }
        return value
    }

    /// OpenClaw's: letters and digits, then `. _ : / -` too; nothing that climbs.
    static func isID(_ id: String) -> Bool {
        let first = id.utf8.first.map(isAlphanumeric) ?? false
        let others = id.utf8.allSatisfy { isAlphanumeric($0) || [0x2E, 0x5F, 0x3A, 0x2F, 0x2D].contains($0) }
        return first && others && id.utf8.count <= 256 && !id.split(separator: "/").contains { $0 == "." || $0 == ".." }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
