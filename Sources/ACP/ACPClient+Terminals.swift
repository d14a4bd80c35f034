internal import JSON

/// Commands that the agent has its client run (terminals of the protocol).
extension ACPClient {
    /// That have not been released.
    static let maxTerminals = 16
    static let terminalMethods: Set<String> = [
        "terminal/create", "terminal/output", "terminal/wait_for_exit", "terminal/kill", "terminal/release",
    ]

    mutating func terminal(_ id: JSON, _ method: String, _ params: JSON) throws(ACPMessage.RPCError) -> [Action] {
        if method == "terminal/create" { return try createTerminal(id, params) }
        guard let terminalID = params["terminalId"]?.string, let known = terminals[terminalID] else {
            throw ACPMessage.RPCError(ACPMessage.RPCError.resourceNotFound, "there is no such terminal")
        }
        switch method {
        case "terminal/output": return [.readTerminal(number: remember(id, .terminalOutput), terminalID: terminalID)]
        case "terminal/wait_for_exit":
            if let exit = known.exit { return [.write(ACPMessage.result(id: id, exit.json))] }
            _ = remember(id, .terminalExit(terminalID))
            return []
        case "terminal/kill":
            return [.killTerminal(terminalID), .write(ACPMessage.result(id: id, .object(JSONObject())))]
        default:
            terminals[terminalID] = nil
            let waiting = answerWaiting(for: terminalID) { request in
                ACPMessage.failure(
                    id: request,
                    ACPMessage.RPCError(ACPMessage.RPCError.requestCancelled, "the terminal was released"))
            }
            return waiting + [
                .releaseTerminal(terminalID), .write(ACPMessage.result(id: id, .object(JSONObject()))),
            ]
        }
    }

    private mutating func createTerminal(_ id: JSON, _ params: JSON) throws(ACPMessage.RPCError) -> [Action] {
        guard phase == .prompting else {
            throw ACPMessage.RPCError(ACPMessage.RPCError.requestCancelled, "the turn is over")
        }
        guard terminals.count < Self.maxTerminals else {
            throw ACPMessage.RPCError(
                ACPMessage.RPCError.internalError,
                "\(Self.maxTerminals) terminals are open already: release one first")
        }
        let command = try TerminalCommand(
            terminalID: "term-\(nextTerminal)", params, in: settings.workingDirectory)
        nextTerminal += 1
        if settings.permissionMode == .approveAll {
            terminals[command.terminalID] = TerminalState()
            return [.startTerminal(number: remember(id, .terminalStart(command.terminalID)), command)]
        }
        let number = remember(id, .guardedTerminal(command))
        return [
            .ask(
                PermissionRequest(
                    number: number, toolCallID: "", title: command.title, kind: .execute, mayAllowAlways: false))
        ]
    }

    /// Somebody has decided about a command.
    mutating func decided(_ number: Int, _ decision: PermissionDecision, _ command: TerminalCommand) -> [Action] {
        guard let request = open.removeValue(forKey: number) else { return [] }
        guard decision == .allow || decision == .allowAlways else {
            let why = ACPMessage.RPCError(ACPMessage.RPCError.internalError, "running this command was not permitted")
            return [.write(ACPMessage.failure(id: request.id, why))]
        }
        terminals[command.terminalID] = TerminalState()
        return [.startTerminal(number: remember(request.id, .terminalStart(command.terminalID)), command)]
    }

    package mutating func terminalStarted(_ number: Int, _ problem: ACPMessage.RPCError?) -> [Action] {
        guard let request = open.removeValue(forKey: number), case .terminalStart(let terminalID) = request.kind else {
            return []
        }
        if let problem {
            terminals[terminalID] = nil
            return [.write(ACPMessage.failure(id: request.id, problem))]
        }
        return [.write(ACPMessage.result(id: request.id, ["terminalId": .string(terminalID)]))]
    }

    package mutating func terminalRead(
        _ number: Int, output: String, isTruncated: Bool, exit: TerminalExit?
    ) -> [Action] {
        guard let request = open.removeValue(forKey: number) else { return [] }
        var result = JSONObject([("output", .string(output)), ("truncated", .bool(isTruncated))])
        result["exitStatus"] = exit?.json
        return [.write(ACPMessage.result(id: request.id, .object(result)))]
    }

    package mutating func terminalEnded(_ terminalID: String, _ exit: TerminalExit) -> [Action] {
        guard terminals[terminalID] != nil else { return [] }
        terminals[terminalID]?.exit = exit
        return answerWaiting(for: terminalID) { ACPMessage.result(id: $0, exit.json) }
    }

    private mutating func answerWaiting(for terminalID: String, _ answer: (JSON) -> [UInt8]) -> [Action] {
        var actions: [Action] = []
        for (number, request) in open.sorted(by: { $0.key < $1.key }) {
            guard case .terminalExit(terminalID) = request.kind else { continue }
            open[number] = nil
            actions.append(.write(answer(request.id)))
        }
        return actions
    }
}

/// A terminal that the agent has not released.
struct TerminalState: Equatable, Sendable {
    var exit: TerminalExit?
}
