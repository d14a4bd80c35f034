package import JSON

/// The client's side of one session of the Agent Client Protocol, version 1, for one prompt: initialize, authenticate where
/// the agent asks for it, open a session, prompt, listen, until the agent has answered.
///
/// A value: bytes of the agent and the time go in, what to do comes out. The shell writes lines, reads and writes files
/// and ends the process.
package struct ACPClient: Sendable {
    package enum Action: Equatable, Sendable {
        case write([UInt8])
        case report(SessionUpdate)
        /// The agent's own id of the session, and whether it can be loaded another time.
        case opened(sessionID: String, canLoad: Bool)
        /// To be answered with ``fileRead(_:_:)``.
        case readFile(FileRequest)
        /// To be answered with ``fileWritten(_:_:)``.
        case writeFile(FileRequest, content: String)
        /// To be answered with ``terminalStarted(_:_:)``, and in the end with ``terminalEnded(_:_:)``.
        case startTerminal(number: Int, TerminalCommand)
        /// To be answered with ``terminalRead(_:output:isTruncated:exit:)``.
        case readTerminal(number: Int, terminalID: String)
        case killTerminal(String)
        case releaseTerminal(String)
        /// To be answered with ``decided(_:_:)``.
        case ask(PermissionRequest)
        /// The last one of a prompt. The agent is to be ended, unless it is kept (``isIdle``).
        case finished(Outcome)
    }

    package enum Outcome: Equatable, Sendable {
        case stopped(StopReason)
        case failed(ACPFailure)
    }

    /// A file that comes with the prompt.
    package struct Attachment: Equatable, Sendable {
        package var path: String
        package var name: String
        package var mimeType: String
        package var base64: String

        package init(path: String, name: String, mimeType: String, base64: String) {
            self.path = path
            self.name = name
            self.mimeType = mimeType
            self.base64 = base64
        }
    }

    package struct Settings: Sendable {
        /// Absolute and without symbolic links.
        package var workingDirectory: String
        package var prompt: String
        package var mcpServers: [JSON] = []
        /// Images, for agents that take them; a link to the file for others.
        package var attachments: [Attachment] = []
        package var permissionMode = PermissionMode.approveReads
        /// A session of an earlier process, to go on with where the agent can.
        package var resumeSessionID: String?
        package var clientVersion: String
        /// For each answer before the prompt's.
        package var startSeconds: Int64 = 120
        /// Between a cancel and the end.
        package var cancelSeconds: Int64 = 3
        package var maxLineBytes = 10 << 20
        /// The agent is not to be ended by its answer: another prompt may follow.
        package var isKept = false

        package init(workingDirectory: String, prompt: String, clientVersion: String) {
            self.workingDirectory = workingDirectory
            self.prompt = prompt
            self.clientVersion = clientVersion
        }
    }

    enum Phase: Equatable, Sendable {
        case initializing
        /// Methods that have not been tried yet.
        case authenticating(rest: [String])
        case opening
        case loading
        case prompting
        case cancelling
        /// It has answered, and may be prompted again.
        case idle
        case over
    }

    static let maxOpenRequests = 64
    static let maxToolCalls = 1024

    private(set) var settings: Settings
    private var lines: LineSplitter
    var phase = Phase.initializing
    /// The request of ours that has not been answered.
    private var awaiting: (id: Int64, method: String)?
    private var nextID: Int64 = 0
    private var authMethods: [String] = []
    private var hasAuthenticated = false
    private var canLoad = false
    private var takesImages = false
    var sessionID: String?
    /// When the agent has been waited for long enough.
    package private(set) var deadlineMs: Int64?
    /// What the agent waits for: by a number of ours, the id of its request.
    var open: [Int: OpenRequest] = [:]
    var nextOpen = 0
    var toolCalls: [String: ToolCall] = [:]
    var terminals: [String: TerminalState] = [:]
    var nextTerminal = 1
    /// Files that tool calls name whose permission was given.
    var permittedPaths: Set<String> = []

    package init(_ settings: Settings) {
        self.settings = settings
        lines = LineSplitter(maxBytes: settings.maxLineBytes)
    }

    package var isOver: Bool { phase == .over }
    package var isIdle: Bool { phase == .idle }

    // MARK: - What happens

    package mutating func start(nowMs: Int64) -> [Action] {
        let mode = settings.permissionMode
        return [
            request(
                "initialize",
                [
                    "protocolVersion": 1,
                    "clientCapabilities": [
                        "fs": [
                            "readTextFile": .bool(mode.offersReading), "writeTextFile": .bool(mode.offersWriting),
                        ],
                        "terminal": .bool(mode.offersTerminals),
                    ],
                    "clientInfo": [
                        "name": "sallyport", "title": "Sallyport", "version": .string(settings.clientVersion),
                    ],
                ], nowMs: nowMs)
        ]
    }

    package mutating func received(_ bytes: some Collection<UInt8>, nowMs: Int64) -> [Action] {
        var actions: [Action] = []
        for line in lines.append(bytes) {
            guard !isOver else { return actions }
            switch line {
            case .tooLong: actions += fail(.lineTooLong(maxBytes: settings.maxLineBytes))
            case .whole(let line):
                guard let message = ACPMessage(line) else {
                    actions += fail(.notAMessage(excerpt: Excerpt.of(line)))
                    continue
                }
                actions += take(message, nowMs: nowMs)
            }
        }
        if lines.isTooLong, !isOver { actions += fail(.lineTooLong(maxBytes: settings.maxLineBytes)) }
        return actions
    }

    /// The agent's standard output is at its end.
    package mutating func ended() -> [Action] {
        guard !isOver else { return [] }
        if phase == .cancelling { return finish(.stopped(.cancelled)) }
        if phase == .idle {
            phase = .over
            return []
        }
        return fail(.ended(during: awaiting?.method ?? "initialize"))
    }

    /// Whoever asked does not want the answer any more.
    package mutating func cancel(nowMs: Int64) -> [Action] {
        switch phase {
        case .over, .cancelling, .idle: return []
        case .initializing, .authenticating, .opening, .loading: return finish(.stopped(.cancelled))
        case .prompting:
            phase = .cancelling
            deadlineMs = nowMs + settings.cancelSeconds * 1000
            let notice = ACPMessage.notification("session/cancel", ["sessionId": .string(sessionID ?? "")])
            return [.write(notice)] + cancelPermissions()
        }
    }

    package mutating func timePassed(nowMs: Int64) -> [Action] {
        guard let deadlineMs, nowMs >= deadlineMs, !isOver else { return [] }
        if phase == .cancelling { return finish(.stopped(.cancelled)) }
        return fail(.silent(method: awaiting?.method ?? "initialize", seconds: settings.startSeconds))
    }

    // MARK: - Our requests

    private mutating func request(_ method: String, _ params: JSON, nowMs: Int64) -> Action {
        let id = nextID
        nextID += 1
        awaiting = (id, method)
        // A prompt takes as long as it takes: runs have a time limit of their own.
        deadlineMs = method == "session/prompt" ? nil : nowMs + settings.startSeconds * 1000
        return .write(ACPMessage.request(id: id, method, params))
    }

    mutating func answered(_ id: JSON, _ result: Result<JSON, ACPMessage.RPCError>, nowMs: Int64) -> [Action] {
        guard let awaiting, id == .integer(awaiting.id) else {
            // An error without an id: the agent could not read what we said.
            if id.isNull, case .failure(let error) = result {
                return fail(.refused(method: self.awaiting?.method ?? "a message", error))
            }
            return []
        }
        self.awaiting = nil
        switch result {
        case .success(let result): return succeeded(awaiting.method, result, nowMs: nowMs)
        case .failure(let error): return refused(awaiting.method, error, nowMs: nowMs)
        }
    }

    private mutating func succeeded(_ method: String, _ result: JSON, nowMs: Int64) -> [Action] {
        switch phase {
        case .initializing:
            guard result["protocolVersion"]?.integer == 1 else {
                return fail(.protocolVersion(result["protocolVersion"]?.integer))
            }
            canLoad = result["agentCapabilities"]?["loadSession"]?.bool ?? false
            takesImages = result["agentCapabilities"]?["promptCapabilities"]?["image"]?.bool ?? false
            authMethods = (result["authMethods"]?.array ?? []).prefix(16).compactMap { $0["id"]?.string }
            if let earlier = settings.resumeSessionID, canLoad {
                phase = .loading
                return [load(earlier, nowMs: nowMs)]
            }
            return [openSession(nowMs: nowMs)]
        case .authenticating:
            hasAuthenticated = true
            return [openSession(nowMs: nowMs)]
        case .opening:
            guard let id = result["sessionId"]?.string, !id.isEmpty, id.utf8.count <= 1024 else {
                return fail(.malformed(method: method, missing: "sessionId"))
            }
            return prompt(id, nowMs: nowMs)
        case .loading: return prompt(settings.resumeSessionID ?? "", nowMs: nowMs)
        case .prompting, .cancelling:
            guard let reason = result["stopReason"]?.string.flatMap(StopReason.init(rawValue:)) else {
                return fail(.malformed(method: method, missing: "stopReason"))
            }
            return finish(.stopped(phase == .cancelling ? .cancelled : reason))
        case .idle, .over: return []
        }
    }

    private mutating func refused(_ method: String, _ error: ACPMessage.RPCError, nowMs: Int64) -> [Action] {
        switch phase {
        case .cancelling: return finish(.stopped(.cancelled))
        // What is gone is begun anew.
        case .loading where error.code != ACPMessage.RPCError.authenticationRequired:
            return [openSession(nowMs: nowMs)]
        case .authenticating(let rest): return authenticate(rest, nowMs: nowMs)
        case _ where error.code == ACPMessage.RPCError.authenticationRequired:
            guard !hasAuthenticated else { return fail(.authenticationRequired(offered: authMethods)) }
            return authenticate(authMethods, nowMs: nowMs)
        case .initializing, .loading, .opening, .prompting: return fail(.refused(method: method, error))
        case .idle, .over: return []
        }
    }

    private mutating func authenticate(_ methods: [String], nowMs: Int64) -> [Action] {
        guard let first = methods.first else { return fail(.authenticationRequired(offered: authMethods)) }
        phase = .authenticating(rest: Array(methods.dropFirst()))
        return [request("authenticate", ["methodId": .string(first)], nowMs: nowMs)]
    }

    private mutating func openSession(nowMs: Int64) -> Action {
        phase = .opening
        return request(
            "session/new",
            ["cwd": .string(settings.workingDirectory), "mcpServers": .array(settings.mcpServers)], nowMs: nowMs)
    }

    private mutating func load(_ id: String, nowMs: Int64) -> Action {
        request(
            "session/load",
            [
                "sessionId": .string(id), "cwd": .string(settings.workingDirectory),
                "mcpServers": .array(settings.mcpServers),
            ], nowMs: nowMs)
    }

    /// Goes on with the session of an agent that is idle.
    package mutating func prompt(
        _ text: String, attachments: [Attachment] = [], nowMs: Int64
    ) -> [Action] {
        guard phase == .idle, let sessionID else { return [] }
        settings.prompt = text
        settings.attachments = attachments
        toolCalls = [:]
        permittedPaths = []
        return prompt(sessionID, nowMs: nowMs)
    }

    private mutating func prompt(_ id: String, nowMs: Int64) -> [Action] {
        sessionID = id
        phase = .prompting
        let text: JSON = ["type": "text", "text": .string(settings.prompt)]
        let content = [text] + settings.attachments.map(block)
        return [
            .opened(sessionID: id, canLoad: canLoad),
            request("session/prompt", ["sessionId": .string(id), "prompt": .array(content)], nowMs: nowMs),
        ]
    }

    private func block(_ file: Attachment) -> JSON {
        guard takesImages, file.mimeType.hasPrefix("image/") else {
            return [
                "type": "resource_link", "uri": .string("file://" + file.path), "name": .string(file.name),
                "mimeType": .string(file.mimeType),
            ]
        }
        return ["type": "image", "data": .string(file.base64), "mimeType": .string(file.mimeType)]
    }

    // MARK: - The end

    mutating func fail(_ failure: ACPFailure) -> [Action] { finish(.failed(failure)) }

    private mutating func finish(_ outcome: Outcome) -> [Action] {
        var cancelled = cancelPermissions()
        if case .stopped(let reason) = outcome, reason != .cancelled, settings.isKept {
            phase = .idle
            // It goes on, and must not wait for what nobody does any more.
            for number in open.keys.sorted() {
                guard let request = open[number] else { continue }
                cancelled.append(
                    .write(
                        ACPMessage.failure(
                            id: request.id, .init(ACPMessage.RPCError.requestCancelled, "the prompt is over"))))
            }
            terminals = [:]
        } else {
            phase = .over
        }
        deadlineMs = nil
        open = [:]
        return cancelled + [.finished(outcome)]
    }
}
