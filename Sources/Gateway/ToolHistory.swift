internal import JSON
internal import Store

/// What `sessions_history` shows: bounded, and without what looks like a secret
/// (sessions and configuration reference, 2.3).
enum ToolHistory {
    static let maxRead = 1 << 20
    private static let maxCharacters = 4000
    private static let maxBytes = 80 * 1024

    static func shown(key: String, _ page: TranscriptPage, includesTools: Bool) -> JSONObject {
        let rows = page.rows.filter { includesTools || ($0.role != "tool" && $0.role != "toolResult") }
        var messages: [JSON] = []
        var bytes = 0
        var isCut = false
        var isRedacted = false
        var dropped = 0
        // The newest count most.
        for row in rows.reversed() {
            guard dropped == 0 else {
                dropped += 1
                continue
            }
            var message = TranscriptView.message(row, maxCharacters: maxCharacters)
            if message["contentTruncated"] != nil { isCut = true }
            if let clean = redacted(message) {
                message = clean
                isRedacted = true
            }
            var size = message.serialized().count
            if size > maxBytes {
                message = .object(
                    ChatMessage.text(
                        role: row.role, "[sessions_history omitted: message too large]", atMs: row.timestampMs))
                size = message.serialized().count
                isCut = true
            }
            guard bytes + size <= maxBytes else {
                dropped = 1
                continue
            }
            bytes += size
            messages.append(message)
        }
        return JSONObject([
            ("sessionKey", .string(key)), ("messages", .array(messages.reversed())),
            ("truncated", .bool(isCut || dropped > 0 || page.hasMore)), ("droppedMessages", .bool(dropped > 0)),
            ("contentTruncated", .bool(isCut)), ("contentRedacted", .bool(isRedacted)),
            ("bytes", .integer(Int64(bytes))),
        ])
    }

    /// - Returns: nil when nothing looked like a secret.
    private static func redacted(_ message: JSON) -> JSON? {
        guard case .object(var object) = message, let blocks = object["content"]?.array else { return nil }
        var found = false
        let clean = blocks.map { block -> JSON in
            guard case .object(var fields) = block, let text = fields["text"]?.string,
                let masked = SecretText.masked(text)
            else { return block }
            found = true
            fields["text"] = .string(masked)
            return .object(fields)
        }
        guard found else { return nil }
        object["content"] = .array(clean)
        return .object(object)
    }
}

/// Words that look like credentials.
enum SecretText {
    private static let prefixes = [
        "sk-", "ghp_", "gho_", "ghu_", "ghs_", "github_pat_", "xoxb-", "xoxp-", "AKIA", "AIza", "glpat-", "npm_",
    ]

    /// - Returns: the text with such words masked; nil when there are none.
    static func masked(_ text: String) -> String? {
        var found = false
        var output = ""
        var word = ""
        var previous = ""
        func flush() {
            guard !word.isEmpty else { return }
            let isBearer = previous.lowercased() == "bearer" && word.utf8.count >= 16
            if isBearer || (word.utf8.count >= 20 && prefixes.contains { word.hasPrefix($0) }) {
                found = true
                output += "[redacted]"
            } else {
                output += word
            }
            previous = word
            word = ""
        }
        for character in text {
            if character.isLetter || character.isNumber || character == "-" || character == "_" || character == "." {
                word.append(character)
            } else {
                flush()
                output.append(character)
            }
        }
        flush()
        return found ? output : nil
    }
}
