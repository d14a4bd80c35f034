internal import JSON

/// A file that the agent has us read or write.
package struct FileRequest: Equatable, Sendable {
    package let number: Int
    package let path: WorkspacePath
    /// The first line that is wanted, from 1.
    package let line: Int?
    /// How many lines.
    package let limit: Int?
}

/// What an operator is to decide.
package struct PermissionRequest: Equatable, Sendable {
    package let number: Int
    package let toolCallID: String
    package let title: String
    package let kind: ToolKind
    package let mayAllowAlways: Bool
}

/// A request of the agent that has not been answered.
struct OpenRequest: Sendable {
    enum Kind: Sendable {
        case read
        case write
        case permission([PermissionOption], ToolCall)
        /// A write that somebody is asked about first.
        case guardedWrite(FileRequest, content: String)
        /// A command that somebody is asked about first.
        case guardedTerminal(TerminalCommand)
        case terminalStart(String)
        case terminalOutput
        case terminalExit(String)
    }

    let id: JSON
    let kind: Kind
}

/// What the agent asks of its client.
extension ACPClient {
    package static let maxFileBytes = 8 << 20

    mutating func take(_ message: ACPMessage, nowMs: Int64) -> [Action] {
        switch message {
        case .response(let id, let result): return answered(id, result, nowMs: nowMs)
        case .notification("session/update", let params): return update(params)
        case .notification: return []
        case .request(let id, _, _) where phase == .idle:
            return [
                .write(ACPMessage.failure(id: id, .init(ACPMessage.RPCError.invalidRequest, "no prompt is under way")))
            ]
        case .request(let id, let method, let params):
            guard open.count < Self.maxOpenRequests else { return fail(.tooManyRequests(max: Self.maxOpenRequests)) }
            do throws(ACPMessage.RPCError) {
                return try perform(id, method, params)
            } catch {
                return [.write(ACPMessage.failure(id: id, error))]
            }
        }
    }

    private mutating func update(_ params: JSON) -> [Action] {
        // What is said while a session is loaded was said before.
        guard phase == .prompting || phase == .cancelling, params["sessionId"]?.string == sessionID,
            let body = params["update"], let update = SessionUpdate(body, known: toolCalls)
        else { return [] }
        if case .tool(let call) = update {
            guard toolCalls[call.id] != nil || toolCalls.count < Self.maxToolCalls else { return [] }
            toolCalls[call.id] = call
            if call.phases.isEmpty { return [] }
        }
        return [.report(update)]
    }

    private mutating func perform(
        _ id: JSON, _ method: String, _ params: JSON
    ) throws(ACPMessage.RPCError) -> [Action] {
        let mode = settings.permissionMode
        switch method {
        case "session/request_permission":
            try checkSession(params)
            return permission(id, params)
        case "fs/read_text_file" where mode.offersReading:
            try checkSession(params)
            let number = remember(id, .read)
            return [.readFile(try file(number, params))]
        case "fs/write_text_file" where mode.offersWriting:
            try checkSession(params)
            guard let content = params["content"]?.string else {
                throw ACPMessage.RPCError(ACPMessage.RPCError.invalidParams, "content must be a string")
            }
            guard content.utf8.count <= Self.maxFileBytes else {
                throw ACPMessage.RPCError(
                    ACPMessage.RPCError.invalidParams, "content has more than \(Self.maxFileBytes) bytes")
            }
            let number = nextOpen
            let request = try file(number, params)
            if mode == .approveAll || permittedPaths.contains(params["path"]?.string ?? "") {
                _ = remember(id, .write)
                return [.writeFile(request, content: content)]
            }
            _ = remember(id, .guardedWrite(request, content: content))
            let name = request.path.components.joined(separator: "/")
            return [
                .ask(
                    PermissionRequest(
                        number: number, toolCallID: "", title: "write \(name)", kind: .edit, mayAllowAlways: false))
            ]
        case _ where mode.offersTerminals && Self.terminalMethods.contains(method):
            try checkSession(params)
            return try terminal(id, method, params)
        default:
            throw ACPMessage.RPCError(
                ACPMessage.RPCError.methodNotFound, "Method not found: \(Excerpt.of(method)) was not advertised")
        }
    }

    private func checkSession(_ params: JSON) throws(ACPMessage.RPCError) {
        guard let sessionID, params["sessionId"]?.string == sessionID else {
            throw ACPMessage.RPCError(ACPMessage.RPCError.invalidParams, "sessionId is not the session of this client")
        }
    }

    mutating func remember(_ id: JSON, _ kind: OpenRequest.Kind) -> Int {
        defer { nextOpen += 1 }
        open[nextOpen] = OpenRequest(id: id, kind: kind)
        return nextOpen
    }

    private mutating func file(_ number: Int, _ params: JSON) throws(ACPMessage.RPCError) -> FileRequest {
        do throws(ACPMessage.RPCError) {
            guard let text = params["path"]?.string,
                let path = WorkspacePath(text, in: settings.workingDirectory)
            else {
                throw ACPMessage.RPCError(
                    ACPMessage.RPCError.invalidParams,
                    "path must be absolute, within \(settings.workingDirectory), and without ..")
            }
            let lines = Int64(1)...Int64(Int32.max)
            func count(_ name: String) throws(ACPMessage.RPCError) -> Int? {
                guard let value = params[name], !value.isNull else { return nil }
                guard let number = value.integer, lines.contains(number) || (number == 0 && name == "limit") else {
                    throw ACPMessage.RPCError(ACPMessage.RPCError.invalidParams, "\(name) must be a positive integer")
                }
                return Int(number)
            }
            return FileRequest(number: number, path: path, line: try count("line"), limit: try count("limit"))
        } catch {
            open[number] = nil
            throw error
        }
    }

    // MARK: - Permissions

    private mutating func permission(_ id: JSON, _ params: JSON) -> [Action] {
        let call = params["toolCall"] ?? .null
        let callID = call["toolCallId"]?.string ?? ""
        let tool = ToolCall(id: callID, call, before: toolCalls[callID])
        let options = (params["options"]?.array ?? []).prefix(16).compactMap(PermissionOption.init)
        // Once cancelled, everything open is cancelled too.
        guard phase == .prompting else { return [answer(id, nil)] }
        guard let decision = settings.permissionMode.decision(on: tool.kind) else {
            let number = remember(id, .permission(options, tool))
            return [
                .ask(
                    PermissionRequest(
                        number: number, toolCallID: callID, title: tool.title, kind: tool.kind,
                        mayAllowAlways: options.contains { $0.kind == .allowAlways }))
            ]
        }
        var option = PermissionOption.matching(decision, of: options)
        if option == nil, settings.permissionMode == .approveAll {
            option = PermissionOption.matching(.allowAlways, of: options)
        }
        return [answer(id, option)]
    }

    private func answer(_ id: JSON, _ option: PermissionOption?) -> Action {
        let outcome: JSON =
            if let option {
                ["outcome": "selected", "optionId": .string(option.id)]
            } else {
                ["outcome": "cancelled"]
            }
        return .write(ACPMessage.result(id: id, ["outcome": outcome]))
    }

    package mutating func decided(_ number: Int, _ decision: PermissionDecision) -> [Action] {
        guard let request = open[number] else { return [] }
        switch request.kind {
        case .permission(let options, let tool):
            open[number] = nil
            let option = PermissionOption.matching(decision, of: options)
            if option?.kind == .allowOnce || option?.kind == .allowAlways {
                permittedPaths.formUnion(tool.paths.prefix(64))
            }
            return [answer(request.id, option)]
        case .guardedWrite(let file, let content):
            guard decision == .allow || decision == .allowAlways else {
                open[number] = nil
                return [refuse(request.id, "writing this file was not permitted")]
            }
            open[number] = OpenRequest(id: request.id, kind: .write)
            return [.writeFile(file, content: content)]
        case .guardedTerminal(let command): return decided(number, decision, command)
        case .read, .write, .terminalStart, .terminalOutput, .terminalExit: return []
        }
    }

    /// - Returns: what is said to an agent that waits for somebody's decision while its turn ends.
    mutating func cancelPermissions() -> [Action] {
        var actions: [Action] = []
        for (number, request) in open.sorted(by: { $0.key < $1.key }) {
            switch request.kind {
            case .permission: actions.append(answer(request.id, nil))
            case .guardedWrite, .guardedTerminal: actions.append(refuse(request.id, "the turn was cancelled"))
            case .read, .write, .terminalStart, .terminalOutput, .terminalExit: continue
            }
            open[number] = nil
        }
        return actions
    }

    private func refuse(_ id: JSON, _ message: String) -> Action {
        .write(ACPMessage.failure(id: id, ACPMessage.RPCError(ACPMessage.RPCError.internalError, message)))
    }

    // MARK: - Files

    package mutating func fileRead(_ request: FileRequest, _ result: Result<[UInt8], ACPMessage.RPCError>) -> [Action] {
        guard let asked = open.removeValue(forKey: request.number) else { return [] }
        switch result {
        case .failure(let error): return [.write(ACPMessage.failure(id: asked.id, error))]
        case .success(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return [refuse(asked.id, "the file is not UTF-8 text")]
            }
            let content = Self.lines(of: text, from: request.line, limit: request.limit)
            return [.write(ACPMessage.result(id: asked.id, ["content": .string(content)]))]
        }
    }

    package mutating func fileWritten(_ request: FileRequest, _ problem: ACPMessage.RPCError?) -> [Action] {
        guard let asked = open.removeValue(forKey: request.number) else { return [] }
        if let problem { return [.write(ACPMessage.failure(id: asked.id, problem))] }
        return [.write(ACPMessage.result(id: asked.id, .object(JSONObject())))]
    }

    /// Whole lines, with their ends, as the file has them.
    static func lines(of text: String, from line: Int?, limit: Int?) -> String {
        guard line != nil || limit != nil else { return text }
        let utf8 = text.utf8
        var start = utf8.startIndex
        for _ in 1..<(line ?? 1) {
            guard let end = utf8[start...].firstIndex(of: UInt8(ascii: "\n")) else { return "" }
            start = utf8.index(after: end)
        }
        guard let limit else { return String(text[start...]) }
        var end = start
        for _ in 0..<limit {
            guard let newline = utf8[end...].firstIndex(of: UInt8(ascii: "\n")) else { return String(text[start...]) }
            end = utf8.index(after: newline)
        }
        return String(text[start..<end])
    }
}
