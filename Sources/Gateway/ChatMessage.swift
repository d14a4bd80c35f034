internal import JSON
internal import Sessions
internal import Store

/// Messages as transcripts keep them and clients see them (wire protocol, section 6.5).
enum ChatMessage {
    static func text(role: String, _ text: String, atMs: Int64, fields: [(String, JSON)] = []) -> JSONObject {
        JSONObject(
            [
                ("role", .string(role)), ("content", .array([.object(textBlock(text))])), ("timestamp", .integer(atMs)),
            ] + fields)
    }

    private static func textBlock(_ text: String) -> JSONObject {
        JSONObject([("type", "text"), ("text", .string(text))])
    }

    /// A row as clients see it: the message, and where it stands.
    static func shown(_ message: JSONObject, id: String, seq: Int64) -> JSON {
        var shown = message
        shown["__openclaw"] = .object(JSONObject([("id", .string(id)), ("seq", .integer(seq))]))
        return .object(shown)
    }

    /// All that a message says, in one piece.
    static func plainText(_ message: JSON) -> String {
        switch message["content"] {
        case .string(let text): text
        case .array(let blocks): blocks.compactMap { $0["text"]?.string }.joined(separator: "\n")
        default: ""
        }
    }
}
