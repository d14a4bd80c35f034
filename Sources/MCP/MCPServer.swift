package import JSON

/// A server of the Model Context Protocol whose tools are the gateway's. A value: messages go in, what to do comes out.
package struct MCPServer: Sendable {
    /// Newest first.
    package static let revisions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

    package enum Action: Equatable, Sendable {
        /// Write this line.
        case write([UInt8])
        /// Ask the gateway; hand what it says to ``answered(_:_:)``.
        case call(Call)
    }

    /// A request of the gateway that is to be made.
    package struct Call: Equatable, Sendable {
        package let id: JSON
        package let method: String
        package let params: JSON
        /// A tool's name; nil: the tools are being listed.
        fileprivate let tool: String?
    }

    private let version: String
    /// The session that acts, for an owner who named one.
    private let sessionKey: String?
    private var waiting: [String: Call] = [:]
    private static let maxWaiting = 256

    package init(version: String, sessionKey: String?) {
        self.version = version
        self.sessionKey = sessionKey
    }

    package mutating func received(_ line: [UInt8]) -> [Action] {
        let message: MCPMessage
        do throws(MCPMessage.Failure) {
            message = try MCPMessage(line)
        } catch {
            return [.write(error.line)]
        }
        switch message {
        case .response: return []
        case .notification(let method, let params):
            if method == "notifications/cancelled", let id = params?["requestId"] { waiting[Self.key(id)] = nil }
            return []
        case .request(let id, let method, let params): return request(id, method, params)
        }
    }

    package func tooLong() -> [Action] {
        [.write(MCPMessage.failure(id: .null, MCPMessage.invalidRequest, "Invalid Request: the line is too long"))]
    }

    private mutating func request(_ id: JSON, _ method: String, _ params: JSON?) -> [Action] {
        switch method {
        case "initialize": return [.write(MCPMessage.result(id: id, initialize(params)))]
        case "ping": return [.write(MCPMessage.result(id: id, .object(JSONObject())))]
        case "tools/list":
            return ask(
                Call(id: id, method: "tools.invoke", params: invoke("agents_list", .object(JSONObject())), tool: nil))
        case "tools/call": return callTool(id, params)
        case "logging/setLevel": return [.write(MCPMessage.result(id: id, .object(JSONObject())))]
        default:
            return [
                .write(MCPMessage.failure(id: id, MCPMessage.methodNotFound, "Method not found: \(method.prefix(128))"))
            ]
        }
    }

    private func initialize(_ params: JSON?) -> JSON {
        let asked = params?["protocolVersion"]?.string ?? ""
        return .object(
            JSONObject([
                ("protocolVersion", .string(Self.revisions.contains(asked) ? asked : Self.revisions[0])),
                ("capabilities", ["tools": ["listChanged": false]]),
                (
                    "serverInfo",
                    ["name": "sallyport", "title": "Sallyport", "version": .string(version)]
                ),
                (
                    "instructions",
                    .string(
                        "Start sub-agents with sessions_spawn; it returns at once. Collect results with subagents "
                            + "{action: \"wait\", runIds: […]}.")
                ),
            ]))
    }

    private mutating func callTool(_ id: JSON, _ params: JSON?) -> [Action] {
        guard let name = params?["name"]?.string else {
            return [.write(MCPMessage.failure(id: id, MCPMessage.invalidParams, "Invalid params: name is required"))]
        }
        guard let tool = MCPTool(rawValue: name) else {
            return [.write(MCPMessage.failure(id: id, MCPMessage.invalidParams, "Unknown tool: \(name.prefix(128))"))]
        }
        let arguments = params?["arguments"] ?? .object(JSONObject())
        guard arguments.object != nil else {
            return [
                .write(MCPMessage.failure(id: id, MCPMessage.invalidParams, "Invalid params: arguments is no object"))
            ]
        }
        if tool == .cron {
            guard let action = arguments["action"]?.string, MCPTool.cronActions.contains(action) else {
                let known = MCPTool.cronActions.joined(separator: ", ")
                return [.write(MCPMessage.result(id: id, Self.toolError("action must be one of \(known)")))]
            }
            var rest = arguments.object ?? JSONObject()
            rest["action"] = nil
            let method = action == "wake" ? "wake" : "cron.\(action)"
            return ask(Call(id: id, method: method, params: .object(rest), tool: name))
        }
        return ask(Call(id: id, method: "tools.invoke", params: invoke(name, arguments), tool: name))
    }

    private func invoke(_ tool: String, _ arguments: JSON) -> JSON {
        var params = JSONObject([("tool", .string(tool)), ("args", arguments)])
        params["sessionKey"] = sessionKey.map { .string($0) }
        return .object(params)
    }

    private mutating func ask(_ call: Call) -> [Action] {
        guard waiting.count < Self.maxWaiting else {
            return [.write(MCPMessage.failure(id: call.id, MCPMessage.internalError, "too many requests wait already"))]
        }
        waiting[Self.key(call.id)] = call
        return [.call(call)]
    }

    private static func key(_ id: JSON) -> String { String(decoding: id.serialized(), as: UTF8.self) }

    // MARK: - Answers of the gateway

    package mutating func answered(_ call: Call, _ payload: JSON) -> [Action] {
        guard waiting.removeValue(forKey: Self.key(call.id)) != nil else { return [] }
        guard call.tool != nil else {
            let tools = MCPTool.allCases.map { $0.description(agents: payload["result"]) }
            return [.write(MCPMessage.result(id: call.id, ["tools": .array(tools)]))]
        }
        let result = call.method == "tools.invoke" ? payload["result"] ?? payload : payload
        let status = result["status"]?.string
        return [
            .write(
                MCPMessage.result(
                    id: call.id, Self.toolResult(result, isError: status == "error" || status == "forbidden")))
        ]
    }

    /// The gateway refused, or is away. An agent can read that; its client need not break.
    package mutating func failed(_ call: Call, _ message: String) -> [Action] {
        guard waiting.removeValue(forKey: Self.key(call.id)) != nil else { return [] }
        guard call.tool != nil else {
            // Its tools are known; only who may be spawned is not.
            return [
                .write(
                    MCPMessage.result(
                        id: call.id, ["tools": .array(MCPTool.allCases.map { $0.description(agents: nil) })]))
            ]
        }
        return [.write(MCPMessage.result(id: call.id, Self.toolError(message)))]
    }

    private static func toolError(_ message: String) -> JSON {
        toolResult(["status": "error", "error": .string(message)], isError: true)
    }

    private static func toolResult(_ result: JSON, isError: Bool) -> JSON {
        let text = String(decoding: result.serialized(), as: UTF8.self)
        var object = JSONObject([
            ("content", .array([["type": "text", "text": .string(text)]])), ("isError", .bool(isError)),
        ])
        if result.object != nil { object["structuredContent"] = result }
        return .object(object)
    }
}
