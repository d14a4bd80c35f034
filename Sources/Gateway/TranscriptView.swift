internal import JSON
internal import Store

/// Rows of a transcript as answers show them.
enum TranscriptView {
    /// Of one answer, about.
    static let maxBytes = 6 << 20

    /// - Parameter maxCharacters: of one block of text; what is longer is cut, and says so.
    static func message(_ row: TranscriptRecord, maxCharacters: Int = .max) -> JSON {
        guard case .object(var message)? = try? JSONParser.parse(row.body) else {
            return ChatMessage.shown(
                ChatMessage.text(role: row.role, "[message cannot be read]", atMs: row.timestampMs), id: row.messageId,
                seq: row.seq)
        }
        if let blocks = message["content"]?.array {
            var isCut = false
            let shown = blocks.map { block -> JSON in
                guard case .object(var object) = block, let text = object["text"]?.string,
                    text.utf8.count > maxCharacters, text.count > maxCharacters
                else { return block }
                isCut = true
                object["text"] = .string(text.prefix(maxCharacters) + "…")
                return .object(object)
            }
            if isCut {
                message["content"] = .array(shown)
                message["contentTruncated"] = true
            }
        }
        return ChatMessage.shown(message, id: row.messageId, seq: row.seq)
    }

    /// One line of `sessions.preview`.
    static func previewItem(_ row: TranscriptRecord, maxCharacters: Int) -> JSON {
        let text = (try? JSONParser.parse(row.body)).map(ChatMessage.plainText) ?? ""
        let role = ["user", "assistant", "tool", "system"].contains(row.role) ? row.role : "other"
        return .object(JSONObject([("role", .string(role)), ("text", .string(String(text.prefix(maxCharacters))))]))
    }
}
