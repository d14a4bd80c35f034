internal import Client
internal import EventLoop
internal import Glibc
internal import JSON

/// `acp`: the gateway's sessions as an agent for editors, over standard input and output.
enum ACPCommand {
    static let command = Command(
        "acp", summary: "Serves the gateway's sessions to an editor, as an agent of the Agent Client Protocol.",
        options: [
            .init("session", "KEY", "the session that the editor's first one is (default: a new one for each)"),
            .init("session-label", "TEXT", "the same, by its label"),
            .init("require-existing", nil, "refuse a session that is not there"),
            .init("reset-session", nil, "begin the session anew"),
            .init("no-prefix-cwd", nil, "do not say in which directory the editor is"),
            .init("verbose", nil, "say on standard error what happens"),
        ] + CommandTable.clientOptions.filter { $0.name != "json" },
        notes: [
            "An editor may name a session itself: session/new with _meta { sessionKey, sessionLabel, resetSession }.",
            "",
            "example, for an editor's agent_servers: { \"command\": \"sallyport\", \"args\": [\"acp\"] }",
        ], handlesSignals: true
    ) { invocation in
        let arguments = invocation.arguments
        var options = ACPBridge.Options()
        options.sessionKey = arguments["session"]
        options.sessionLabel = arguments["session-label"]
        options.requiresExisting = arguments.has("require-existing")
        options.resets = arguments.has("reset-session")
        options.prefixesDirectory = !arguments.has("no-prefix-cwd")
        let scopes = ["operator.read", "operator.write"] + (options.resets ? ["operator.admin"] : [])
        let target = try Target.resolve(invocation, scopes: scopes)
        return StandardInputLoop.run(
            ACPBridgeSession(target, options, invocation.terminal, isVerbose: arguments.has("verbose")))
    }
}

/// Between one editor on standard input and the gateway. Everything happens on one thread, in one loop.
private final class ACPBridgeSession: StandardInputPeer {
    private let target: Target
    private let terminal: Terminal
    private let isVerbose: Bool
    private var bridge: ACPBridge
    private(set) var client: GatewayClient?
    private var questions: [String: ACPBridge.Question] = [:]

    init(_ target: Target, _ options: ACPBridge.Options, _ terminal: Terminal, isVerbose: Bool) {
        self.target = target
        self.terminal = terminal
        self.isVerbose = isVerbose
        bridge = ACPBridge(version: Main.version, options: options, freshID: Self.freshID)
    }

    /// A UUID (RFC 9562, version 4).
    private static func freshID() -> String {
        var digits = (0..<32).map { _ in Int.random(in: 0..<16) }
        digits[12] = 4
        digits[16] = 8 | digits[16] & 3
        let text = digits.map { String($0, radix: 16) }.joined()
        var parts: [Substring] = []
        var rest = text[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }

    func take(_ line: LineSplitter.Line) {
        switch line {
        case .whole(let bytes): perform(bridge.received(bytes))
        case .tooLong: perform(bridge.tooLong())
        }
    }

    private func perform(_ actions: [ACPBridge.Action]) {
        for action in actions {
            switch action {
            case .write(let line): terminal.printRaw(String(decoding: line, as: UTF8.self))
            case .ask(let question): ask(question)
            }
        }
    }

    private func ask(_ question: ACPBridge.Question) {
        note("asking \(question.method)")
        do {
            let client = try connected()
            questions[try client.send(question.method, question.params)] = question
        } catch {
            let failure = CommandFailure(any: error)
            let text = failure.message + (failure.hint.map { " (\($0))" } ?? "")
            note(text)
            client = nil
            perform(bridge.answered(question, .failure(GatewayRefusal(text: text))))
        }
    }

    /// Connects when first needed, and again after the gateway was away.
    private func connected() throws -> GatewayClient {
        if let client { return client }
        let fresh = try target.connect()
        client = fresh
        return fresh
    }

    func receive() {
        guard let client else { return }
        do throws(ClientError) {
            while let message = try client.nextMessage(timeout: .zero) {
                switch message {
                case .event(let name, let payload, _): perform(bridge.happened(name, payload))
                case .response(let id, let result):
                    guard let question = questions.removeValue(forKey: id) else { continue }
                    perform(bridge.answered(question, result.mapError { GatewayRefusal(text: $0.message) }))
                }
            }
        } catch {
            note("\(error)")
            self.client = nil
            let open = questions.values
            questions = [:]
            for question in open {
                perform(bridge.answered(question, .failure(GatewayRefusal(text: "the gateway went away: \(error)"))))
            }
            perform(bridge.lost("\(error)"))
        }
    }

    private func note(_ text: String) {
        if isVerbose { terminal.note("sallyport acp: \(text)") }
    }
}
