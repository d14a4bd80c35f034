internal import Crypto
internal import JSON
internal import Sessions
internal import Wire

extension SpawnParams {
    /// `attachments` and `attachAs` of a spawn. Nothing of what is refused is written anywhere.
    static func attachments(
        _ reader: ParamReader, _ limits: SpawnAttachments.Limits
    ) throws -> SpawnAttachments {
        var attachments = SpawnAttachments()
        if let hint = try reader.object("attachAs")?.nonEmptyString("mountPath") {
            guard SpawnAttachments.isMountPath(hint) else {
                throw refusal(
                    "attachAs.mountPath must be of letters, digits and . _ - / : without ..",
                    "name a plain path, or leave attachAs out")
            }
            attachments.mountPath = hint
        }
        guard let items = reader.raw("attachments") else { return attachments }
        guard let items = items.array else { throw reader.failure("attachments", "must be array") }
        guard !items.isEmpty else { return attachments }
        guard limits.isEnabled else {
            throw refusal(
                "attachments are disabled here (tools.sessions_spawn.attachments.enabled)",
                "set tools.sessions_spawn.attachments.enabled to true, or put what the child needs into the task")
        }
        guard items.count <= limits.maxFiles else {
            throw refusal(
                "\(items.count) attachments are more than \(limits.maxFiles)",
                "raise tools.sessions_spawn.attachments.maxFiles, or send fewer")
        }
        var names: Set<String> = []
        for (index, item) in items.enumerated() {
            let file = try file(item, at: index, limits)
            // File systems may take names for the same that differ in case.
            guard names.insert(file.name.lowercased()).inserted else {
                throw refusal("two attachments are called \"\(shown(file.name))\"", "give each a name of its own")
            }
            attachments.files.append(file)
            guard attachments.totalBytes <= limits.maxTotalBytes else {
                throw refusal(
                    "attachments have more than \(limits.maxTotalBytes) bytes together",
                    "raise tools.sessions_spawn.attachments.maxTotalBytes, or send less")
            }
        }
        return attachments
    }

    private static func file(
        _ item: JSON, at index: Int, _ limits: SpawnAttachments.Limits
    ) throws -> SpawnAttachments.File {
        guard let name = item["name"]?.string, let content = item["content"]?.string else {
            throw refusal(
                "attachments[\(index)] must have name and content, both strings", "pass {name, content, encoding?}")
        }
        guard SpawnAttachments.isSafeName(name) else {
            throw refusal(
                "attachments[\(index)].name \"\(shown(name))\" is no plain file name",
                "use a name without directories and control characters that does not begin with . or -")
        }
        let bytes: [UInt8]
        switch item["encoding"]?.string ?? "utf8" {
        case "utf8": bytes = Array(content.utf8)
        case "base64":
            guard let decoded = Base64.decode(content) else {
                throw refusal("attachments[\(index)] (\(shown(name))) is not base64", "encode it with padding")
            }
            bytes = decoded
        default: throw refusal("attachments[\(index)].encoding must be utf8 or base64", "use one of them")
        }
        guard bytes.count <= limits.maxFileBytes else {
            throw refusal(
                "attachment \"\(shown(name))\" has \(bytes.count) bytes; at most \(limits.maxFileBytes) are taken",
                "raise tools.sessions_spawn.attachments.maxFileBytes, or send less")
        }
        let type = item["mimeType"]?.string
        if let type, !isMediaType(type) {
            throw refusal("attachments[\(index)].mimeType must be a media type such as image/png", "name one")
        }
        return SpawnAttachments.File(
            name: name, bytes: bytes, mimeType: type, sha256: Hex.encode(SHA256.digest(bytes)))
    }

    private static func isMediaType(_ text: String) -> Bool {
        text.utf8.count <= 127 && text.utf8.count { $0 == UInt8(ascii: "/") } == 1
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static func shown(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.prefix(80).map { $0.value < 0x20 ? "?" : $0 }))
    }

    private static func refusal(_ message: String, _ remedy: String) -> SpawnRefusal {
        SpawnRefusal(.error, message, rule: .attachments, remedy: remedy)
    }
}
