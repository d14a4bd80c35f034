internal import JSON

extension Section {
    /// A token or password: a string, or a reference `{source: "env", id: "NAME"}` `{source: "file", id: "path"}` or
    /// `{source: "exec", provider: "name", id: "id"}`.
    ///
    /// A reference that cannot be resolved is an error; nothing else is used in its place.
    func secret(_ name: String, variable: Variables.Name? = nil) -> Secret? {
        let mask = { (secret: Secret?) in secret == nil ? JSON.null : "***" }
        let reveal = { (secret: Secret?) -> JSON in secret.map { .string($0.value) } ?? .null }
        return read(
            name, as: .secret, variable: variable, default: nil, isSecret: true, show: mask, identity: reveal
        ) { raw throws(Refusal) in
            if raw.node.members != nil { return try resolve(raw.node) }
            guard let text = raw.node.string, !RawSetting.trim(text).isEmpty else {
                throw Refusal(
                    allowed: "a string that is not blank, or a reference such as {source: \"env\", id: \"NAME\"}")
            }
            return Secret(text)
        }
    }

    private func resolve(_ reference: ConfigNode) throws(Refusal) -> Secret {
        guard let id = reference["id"]?.string, !id.isEmpty else {
            throw Refusal(allowed: "a reference with an id", remedy: "{source: \"env\", id: \"NAME\"}")
        }
        let text: String
        switch reference["source"]?.string {
        case "env":
            guard let found = context.variables.find(id) else {
                throw Refusal(
                    allowed: "a reference to a variable that is set (\(id) is not)",
                    remedy: "set \(id) in the environment")
            }
            text = found.value
        case "file":
            let name = reference["provider"]?.string ?? "default"
            if case .file(let file)? = context.secretProviders[name]?.kind {
                let bytes = try contents(of: file.path, for: reference)
                do throws(SecretFailure) {
                    text = try file.secret(id, in: bytes)
                } catch {
                    throw Refusal(
                        allowed: "a reference that can be resolved (\(file.path) of \(name) \(error.reason))",
                        remedy: error.remedy, rule: .secretFile)
                }
            } else {
                guard let found = String(validating: try contents(of: id, for: reference), as: UTF8.self) else {
                    throw Refusal(allowed: "a reference to a text file (\(id) is none)", rule: .secretFile)
                }
                text = found
            }
        case "exec": text = try ask(reference, id)
        default:
            throw Refusal(
                allowed: "a reference whose source is \"env\", \"file\" or \"exec\"",
                remedy: "{source: \"env\", id: \"NAME\"}")
        }
        let trimmed = RawSetting.trim(text)
        guard !trimmed.isEmpty else { throw Refusal(allowed: "a reference to something that is not blank") }
        return Secret(trimmed)
    }

    /// - Parameter written: beginning at the file that has the reference, unless it is absolute.
    private func contents(of written: String, for reference: ConfigNode) throws(Refusal) -> [UInt8] {
        let directory = PathText.directory(of: reference.location.path)
        let path = PathText.resolve(PathText.expandingHome(written, home: context.variables.home), against: directory)
        guard let bytes = context.readFile(path) else {
            throw Refusal(allowed: "a reference to a file that can be read (\(path) cannot)", rule: .secretFile)
        }
        return bytes
    }

    /// Has the provider's program give it. Nothing of what the program writes gets into a message.
    private func ask(_ reference: ConfigNode, _ id: String) throws(Refusal) -> String {
        guard SecretProvider.isID(id) else {
            throw Refusal(allowed: "a reference with an id of letters, digits and . _ : / -")
        }
        let name = reference["provider"]?.string ?? "default"
        guard let provider = context.secretProviders[name], case .program(let command, let isJSONOnly) = provider.kind
        else {
            let known = context.secretProviders.filter { if case .program = $0.value.kind { true } else { false } }
                .keys.sorted()
            throw Refusal(
                allowed: "a reference to a provider with a program (\(JSON.string(name)) is none)",
                remedy: known.isEmpty
                    ? "add secrets: { providers: { \(name): { source: \"exec\", command: \"/path/to/program\" } } }"
                    : "providers are: \(known.joined(separator: ", "))", rule: .secretCommand)
        }
        do throws(SecretFailure) {
            let output = try context.runCommand(provider.question(id, for: command)).get()
            return try SecretProvider.answer(output, id, isJSONOnly: isJSONOnly)
        } catch {
            throw Refusal(
                allowed: "a reference that can be resolved (\(command.executable) of \(name) \(error.reason))",
                remedy: error.remedy, rule: .secretCommand)
        }
    }
}
