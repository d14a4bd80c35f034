package import JSON

/// What an agent says while it works, in our vocabulary.
package enum SessionUpdate: Equatable, Sendable {
    /// For whoever asked.
    case text(String)
    case thought(String)
    case tool(ToolCall)
    /// Replaces the plan before it.
    case plan([JSON])
    case usage(JSON)

    /// Nil: nothing that anybody has to hear of.
    init?(_ update: JSON, known: [String: ToolCall]) {
        switch update["sessionUpdate"]?.string {
        case "agent_message_chunk":
            guard let text = Self.text(update["content"]) else { return nil }
            self = .text(text)
        case "agent_thought_chunk":
            guard let text = Self.text(update["content"]) else { return nil }
            self = .thought(text)
        case "tool_call", "tool_call_update":
            guard let id = update["toolCallId"]?.string, !id.isEmpty, id.utf8.count <= ToolCall.maxIDBytes else {
                return nil
            }
            self = .tool(ToolCall(id: id, update, before: known[id]))
        case "plan":
            guard let entries = update["entries"]?.array else { return nil }
            self = .plan(
                entries.prefix(Self.maxPlanEntries).compactMap { entry in
                    guard let content = entry["content"]?.string else { return nil }
                    return [
                        "content": .string(String(content.prefix(1000))),
                        "priority": .string(Self.word(entry["priority"]?.string, of: Self.priorities, "medium")),
                        "status": .string(Self.word(entry["status"]?.string, of: Self.states, "pending")),
                    ]
                })
        case "usage_update":
            guard let used = update["used"]?.integer, let size = update["size"]?.integer else { return nil }
            var usage = JSONObject([("used", .integer(used)), ("size", .integer(size))])
            if let cost = update["cost"], let amount = cost["amount"]?.number,
                let currency = cost["currency"]?.string, currency.utf8.count <= 16
            {
                usage["cost"] = ["amount": .double(amount), "currency": .string(currency)]
            }
            self = .usage(.object(usage))
        default: return nil
        }
    }

    static let maxPlanEntries = 64
    private static let priorities = ["high", "medium", "low"]
    private static let states = ["pending", "in_progress", "completed"]

    private static func word(_ word: String?, of known: [String], _ fallback: String) -> String {
        word.flatMap { known.contains($0) ? $0 : nil } ?? fallback
    }

    /// What a content block says in words; of pictures and sounds, that they are there.
    private static func text(_ content: JSON?) -> String? {
        guard let content else { return nil }
        switch content["type"]?.string {
        case "text": return content["text"]?.string
        case "resource_link": return content["uri"]?.string
        case "resource": return content["resource"]?["text"]?.string ?? content["resource"]?["uri"]?.string
        case "image": return "[image]"
        case "audio": return "[audio]"
        default: return nil
        }
    }
}
