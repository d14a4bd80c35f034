internal import JSON
internal import MCP
internal import Text

/// An agent of the Agent Client Protocol, for editors: what they prompt becomes turns of the gateway's sessions. A value:
/// messages, answers and events go in, what to do comes out.
struct ACPBridge {
    enum Action: Equatable {
        /// Write this line.
        case write([UInt8])
        /// Ask the gateway, and hand its answer to ``answered(_:_:)``.
        case ask(Question)
    }

    /// A request of the gateway that is to be made.
    struct Question: Equatable {
        enum Purpose: Equatable {
            /// Find a session, then open it as this one.
            case find(sessionID: String, resets: Bool)
            case reset(sessionID: String, key: String)
            case load(sessionID: String, key: String)
            /// A turn; its outcome comes as events.
            case prompt(runID: String)
            case cancel
        }

        let method: String
        let params: JSON
        /// The editor's request.
        let id: JSON
        let purpose: Purpose
    }

    struct Options: Equatable {
        var sessionKey: String?
        var sessionLabel: String?
        var requiresExisting = false
        var resets = false
        var prefixesDirectory = true
    }

    private struct Session {
        let key: String
        let directory: String?
    }

    private struct Prompt {
        let id: JSON
        let sessionID: String
        /// Of the answer, so far.
        var sentBytes = 0
    }

    private let version: String
    private let options: Options
    private let freshID: () -> String
    private var sessions: [String: Session] = [:]
    /// By run.
    private var prompts: [String: Prompt] = [:]
    private var directories: [String: String] = [:]

    init(version: String, options: Options, freshID: @escaping () -> String) {
        self.version = version
        self.options = options
        self.freshID = freshID
    }

    // MARK: - The editor

    /// A line that is too long to read may have been a request: its sender hears of it.
    func tooLong() -> [Action] {
        [.write(MCPMessage.failure(id: .null, MCPMessage.invalidRequest, "Invalid Request: the line is too long"))]
    }

    mutating func received(_ line: [UInt8]) -> [Action] {
        let message: MCPMessage
        do throws(MCPMessage.Failure) {
            message = try MCPMessage(line)
        } catch {
            return [.write(error.line)]
        }
        switch message {
        case .response: return []
        case .notification("session/cancel", let params): return cancel(params)
        case .notification: return []
        case .request(let id, let method, let params): return request(id, method, params ?? .null)
        }
    }

    private mutating func request(_ id: JSON, _ method: String, _ params: JSON) -> [Action] {
        switch method {
        case "initialize": return [.write(MCPMessage.result(id: id, initialize))]
        case "authenticate": return [.write(MCPMessage.result(id: id, .object(JSONObject())))]
        case "session/new": return open(id, params)
        case "session/load": return load(id, params)
        case "session/prompt": return prompt(id, params)
        default:
            return [fail(id, MCPMessage.methodNotFound, "Method not found: \(method.prefix(128))")]
        }
    }

    private var initialize: JSON {
        [
            "protocolVersion": 1,
            "agentCapabilities": [
                "loadSession": true,
                "promptCapabilities": ["image": false, "audio": false, "embeddedContext": true],
                "mcpCapabilities": ["http": false, "sse": false],
            ],
            "authMethods": [],
            "agentInfo": ["name": "sallyport", "title": "Sallyport", "version": .string(version)],
        ]
    }

    private mutating func open(_ id: JSON, _ params: JSON) -> [Action] {
        let meta = params["_meta"]
        let sessionID = freshID()
        directories[sessionID] = params["cwd"]?.string
        let resets = meta?["resetSession"]?.bool ?? options.resets
        if let label = meta?["sessionLabel"]?.string ?? options.sessionLabel {
            return [ask("sessions.resolve", ["label": .string(label)], id, .find(sessionID: sessionID, resets: resets))]
        }
        let named = meta?["sessionKey"]?.string ?? options.sessionKey
        if let named, options.requiresExisting {
            return [ask("sessions.resolve", ["key": .string(named)], id, .find(sessionID: sessionID, resets: resets))]
        }
        return begin(id, sessionID, key: named ?? Self.key(sessionID), resets: resets && named != nil)
    }

    /// Keys with `acp` in the place of a name are those of spawned agents.
    private static func key(_ sessionID: String) -> String { "acp-\(sessionID)" }

    private mutating func begin(_ id: JSON, _ sessionID: String, key: String, resets: Bool) -> [Action] {
        if resets {
            return [
                ask("sessions.reset", ["key": .string(key)], id, .reset(sessionID: sessionID, key: key))
            ]
        }
        sessions[sessionID] = Session(key: key, directory: directories.removeValue(forKey: sessionID))
        return [.write(MCPMessage.result(id: id, ["sessionId": .string(sessionID)]))]
    }

    /// A session of an earlier bridge is found by what its key was made of.
    private mutating func load(_ id: JSON, _ params: JSON) -> [Action] {
        guard let sessionID = params["sessionId"]?.string else {
            return [fail(id, MCPMessage.invalidParams, "Invalid params: sessionId is required")]
        }
        let key =
            sessions[sessionID]?.key ?? params["_meta"]?["sessionKey"]?.string ?? options.sessionKey
            ?? Self.key(sessionID)
        directories[sessionID] = params["cwd"]?.string
        return [
            ask("chat.history", ["sessionKey": .string(key)], id, .load(sessionID: sessionID, key: key))
        ]
    }

    private mutating func prompt(_ id: JSON, _ params: JSON) -> [Action] {
        guard let sessionID = params["sessionId"]?.string, let session = sessions[sessionID] else {
            return [fail(id, -32002, "Resource not found: no such session; session/new opens one")]
        }
        guard !prompts.values.contains(where: { $0.sessionID == sessionID }) else {
            return [fail(id, MCPMessage.invalidRequest, "Invalid Request: a prompt of this session is under way")]
        }
        var text = (params["prompt"]?.array ?? []).compactMap(Self.text).joined(separator: "\n")
        guard !text.isEmpty else {
            return [fail(id, MCPMessage.invalidParams, "Invalid params: the prompt has no text")]
        }
        if options.prefixesDirectory, let directory = session.directory {
            text = "[Working directory: \(directory)]\n\n\(text)"
        }
        let runID = freshID()
        prompts[runID] = Prompt(id: id, sessionID: sessionID)
        let send: JSON = [
            "sessionKey": .string(session.key), "message": .string(text), "idempotencyKey": .string(runID),
        ]
        return [ask("chat.send", send, id, .prompt(runID: runID))]
    }

    /// What a block says in words; pictures and sounds say nothing.
    private static func text(_ block: JSON) -> String? {
        switch block["type"]?.string {
        case "text": block["text"]?.string
        case "resource_link":
            "[\(block["name"]?.string ?? "resource")](\(block["uri"]?.string ?? ""))"
        case "resource":
            block["resource"]?["text"]?.string.map { text in
                "\(block["resource"]?["uri"]?.string ?? "resource"):\n\(text)"
            }
        default: nil
        }
    }

    private func cancel(_ params: JSON?) -> [Action] {
        guard let sessionID = params?["sessionId"]?.string, let session = sessions[sessionID],
            let (runID, prompt) = prompts.first(where: { $0.value.sessionID == sessionID })
        else { return [] }
        return [
            ask(
                "chat.abort", ["sessionKey": .string(session.key), "runId": .string(runID)], prompt.id, .cancel)
        ]
    }

    // MARK: - The gateway

    mutating func answered(_ question: Question, _ answer: Result<JSON, GatewayRefusal>) -> [Action] {
        switch (question.purpose, answer) {
        case (.cancel, _), (.prompt, .success): return []
        case (.prompt(let runID), .failure(let refusal)):
            prompts[runID] = nil
            return [fail(question.id, MCPMessage.internalError, refusal.text)]
        case (_, .failure(let refusal)): return [fail(question.id, MCPMessage.internalError, refusal.text)]
        case (.find(let sessionID, let resets), .success(let found)):
            guard let key = found["key"]?.string else {
                return [fail(question.id, MCPMessage.internalError, "the gateway named no session")]
            }
            return begin(question.id, sessionID, key: key, resets: resets)
        case (.reset(let sessionID, let key), .success):
            return begin(question.id, sessionID, key: key, resets: false)
        case (.load(let sessionID, let key), .success(let history)):
            sessions[sessionID] = Session(key: key, directory: directories.removeValue(forKey: sessionID))
            let messages = (history["messages"]?.array ?? []).compactMap { replayed($0, sessionID) }
            return messages + [.write(MCPMessage.result(id: question.id, .object(JSONObject())))]
        }
    }

    private func replayed(_ message: JSON, _ sessionID: String) -> Action? {
        let kind: String
        switch message["role"]?.string {
        case "user": kind = "user_message_chunk"
        case "assistant": kind = "agent_message_chunk"
        default: return nil
        }
        let text = (message["content"]?.array ?? []).compactMap { $0["text"]?.string }.joined(separator: "\n")
        return text.isEmpty ? nil : update(sessionID, Self.chunk(kind, text))
    }

    mutating func happened(_ event: String, _ payload: JSON) -> [Action] {
        guard let runID = payload["runId"]?.string, let prompt = prompts[runID] else { return [] }
        switch event {
        case "chat": return chat(runID, prompt, payload)
        case "agent": return agent(prompt, payload).map { [update(prompt.sessionID, $0)] } ?? []
        default: return []
        }
    }

    private mutating func chat(_ runID: String, _ prompt: Prompt, _ payload: JSON) -> [Action] {
        switch payload["state"]?.string {
        case "delta":
            guard let text = payload["deltaText"]?.string, !text.isEmpty else { return [] }
            prompts[runID]?.sentBytes += text.utf8.count
            return [update(prompt.sessionID, Self.chunk("agent_message_chunk", text))]
        case "final":
            prompts[runID] = nil
            return rest(prompt, payload) + [.write(MCPMessage.result(id: prompt.id, ["stopReason": "end_turn"]))]
        case "aborted":
            prompts[runID] = nil
            return [.write(MCPMessage.result(id: prompt.id, ["stopReason": "cancelled"]))]
        case "error":
            prompts[runID] = nil
            let why = payload["errorMessage"]?.string ?? "the turn failed"
            return rest(prompt, payload) + [fail(prompt.id, MCPMessage.internalError, why)]
        default: return []
        }
    }

    /// What was not sent as it came: the event may have been lost to a slow reader.
    private func rest(_ prompt: Prompt, _ payload: JSON) -> [Action] {
        let blocks = payload["message"]?["content"]?.array ?? []
        let whole = Array(blocks.compactMap { $0["text"]?.string }.joined(separator: "\n").utf8)
        guard whole.count > prompt.sentBytes else { return [] }
        let text = String(decoding: whole[prompt.sentBytes...], as: UTF8.self)
        return [update(prompt.sessionID, Self.chunk("agent_message_chunk", text))]
    }

    private func agent(_ prompt: Prompt, _ payload: JSON) -> JSON? {
        let data = payload["data"] ?? .null
        switch payload["stream"]?.string {
        case "thinking": return data["delta"]?.string.map { Self.chunk("agent_thought_chunk", $0) }
        case "plan":
            return data["entries"].map { ["sessionUpdate": "plan", "entries": $0] }
        case "tool":
            guard let callID = data["toolCallId"]?.string else { return nil }
            let isStart = data["phase"]?.string == "start"
            var update = JSONObject([
                ("sessionUpdate", isStart ? "tool_call" : "tool_call_update"), ("toolCallId", .string(callID)),
            ])
            if isStart { update["title"] = data["title"] ?? data["name"] ?? "tool" }
            update["kind"] = data["kind"]
            let hasFailed = data["isError"]?.bool == true
            update["status"] =
                data["phase"]?.string == "result" ? (hasFailed ? "failed" : "completed") : "in_progress"
            return .object(update)
        default: return nil
        }
    }

    /// The gateway is gone, and what is under way with it.
    mutating func lost(_ why: String) -> [Action] {
        let open = prompts.values
        prompts = [:]
        return open.map { fail($0.id, MCPMessage.internalError, "the gateway went away: \(why)") }
    }

    // MARK: - Lines

    private func ask(_ method: String, _ params: JSON, _ id: JSON, _ purpose: Question.Purpose) -> Action {
        .ask(Question(method: method, params: params, id: id, purpose: purpose))
    }

    private func fail(_ id: JSON, _ code: Int, _ message: String) -> Action {
        .write(MCPMessage.failure(id: id, code, message))
    }

    private static func chunk(_ kind: String, _ text: String) -> JSON {
        ["sessionUpdate": .string(kind), "content": ["type": "text", "text": .string(text)]]
    }

    private func update(_ sessionID: String, _ update: JSON) -> Action {
        let message: JSON = [
            "jsonrpc": "2.0", "method": "session/update",
            "params": ["sessionId": .string(sessionID), "update": update],
        ]
        return .write(message.serialized() + [UInt8(ascii: "\n")])
    }
}

/// What the gateway would not do.
struct GatewayRefusal: Error, Equatable {
    let text: String
}
