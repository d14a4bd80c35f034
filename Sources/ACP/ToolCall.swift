package import JSON

/// A tool that an agent uses, as far as it has told of it.
package struct ToolCall: Equatable, Sendable {
    package enum Phase: String, Sendable { case start, update, result }

    static let maxIDBytes = 256
    static let maxTitleCharacters = 256
    /// Of arguments and results in events; the whole is the agent's.
    package static let maxValueBytes = 16 * 1024

    package let id: String
    package let title: String
    package let kind: ToolKind
    package let phases: [Phase]
    package let failed: Bool
    /// Where it reads or writes.
    package let paths: [String]
    let isOver: Bool
    let arguments: JSON?
    let result: JSON?

    init(id: String, _ update: JSON, before: ToolCall?) {
        self.id = id
        title = String((update["title"]?.string ?? before?.title ?? id).prefix(Self.maxTitleCharacters))
        kind = update["kind"]?.string.flatMap(ToolKind.init(rawValue:)) ?? before?.kind ?? .other
        let status = update["status"]?.string
        let isOver = status == "completed" || status == "failed"
        failed = status == "failed"
        let step: [Phase] = isOver ? [.result] : before == nil ? [] : [.update]
        phases = (before == nil ? [.start] : []) + (before?.isOver == true ? [] : step)
        self.isOver = isOver || before?.isOver == true
        let locations = update["locations"]?.array?.prefix(64).compactMap { $0["path"]?.string }
        paths = locations ?? before?.paths ?? []
        arguments = Self.bounded(update["rawInput"]) ?? before?.arguments
        result = Self.bounded(update["rawOutput"]) ?? Self.bounded(update["content"])
    }

    private static func bounded(_ value: JSON?) -> JSON? {
        guard let value, !value.isNull else { return nil }
        let bytes = value.serialized().count
        return bytes <= maxValueBytes ? value : ["truncated": true, "bytes": .integer(Int64(bytes))]
    }

    /// Members of an `agent` event of stream `tool`.
    package func data(_ phase: Phase) -> JSONObject {
        var data = JSONObject([
            ("phase", .string(phase.rawValue)), ("name", .string(kind.rawValue)), ("toolCallId", .string(id)),
            ("title", .string(title)),
        ])
        switch phase {
        case .start: data["args"] = arguments
        case .update: data["partialResult"] = result
        case .result:
            data["result"] = result
            data["isError"] = .bool(failed)
        }
        return data
    }
}
