internal import Client
internal import EventLoop
internal import Glibc
internal import JSON
internal import MCP

/// `mcp`: the gateway's tools for any client of the Model Context Protocol, over standard input and output.
enum MCPCommand {
    static let command = Command(
        "mcp", summary: "Serves the gateway's tools over MCP on standard input and output.",
        options: [
            .init("session", "KEY", "session that acts, for an owner (default: the main session)")
        ] + CommandTable.clientOptions.filter { $0.name != "json" },
        notes: [
            "An agent's command finds its gateway and its identity in its environment.", "",
            "example: claude mcp add sallyport -- sallyport mcp",
        ], handlesSignals: true
    ) { invocation in
        let target = try Target.resolve(invocation, scopes: ["operator.read", "operator.write"])
        return StandardInputLoop.run(
            MCPSession(target, sessionKey: invocation.arguments["session"], invocation.terminal))
    }
}

/// Between one client on standard input and the gateway. Everything happens on one thread, in one loop.
private final class MCPSession: StandardInputPeer {
    private var target: Target
    private let terminal: Terminal
    private var server: MCPServer
    private(set) var client: GatewayClient?
    private var calls: [String: MCPServer.Call] = [:]

    init(_ target: Target, sessionKey: String?, _ terminal: Terminal) {
        self.target = target
        self.terminal = terminal
        server = MCPServer(version: Main.version, sessionKey: sessionKey)
    }

    func take(_ line: LineSplitter.Line) {
        switch line {
        case .whole(let bytes): perform(server.received(bytes))
        case .tooLong: perform(server.tooLong())
        }
    }

    private func perform(_ actions: [MCPServer.Action]) {
        for action in actions {
            switch action {
            case .write(let line): write(line)
            case .call(let call): ask(call)
            }
        }
    }

    private func write(_ line: [UInt8]) {
        var offset = 0
        while offset < line.count {
            let count = unsafe line.withUnsafeBytes { bytes in
                unsafe Glibc.write(STDOUT_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
            }
            guard count > 0 else {
                if errno == EINTR { continue }
                return
            }
            offset += count
        }
    }

    // MARK: - The gateway

    private func ask(_ call: MCPServer.Call) {
        do throws(ClientError) {
            let client = try connected()
            calls[try client.send(call.method, call.params)] = call
        } catch {
            lost(error)
            perform(server.failed(call, "\(error)"))
        }
    }

    /// Connects when first needed, and again after the gateway was away: the next call finds it back.
    private func connected() throws(ClientError) -> GatewayClient {
        if let client { return client }
        target.refresh()
        let fresh = try GatewayClient.connect(target.options)
        client = fresh
        return fresh
    }

    func receive() {
        guard let client else { return }
        do throws(ClientError) {
            while let message = try client.nextMessage(timeout: .zero) {
                guard case .response(let id, let result) = message, let call = calls.removeValue(forKey: id) else {
                    continue
                }
                switch result {
                case .success(let payload): perform(server.answered(call, payload))
                case .failure(let body): perform(server.failed(call, body.message))
                }
            }
        } catch {
            lost(error)
        }
    }

    private func lost(_ error: ClientError) {
        guard client != nil else { return }
        client = nil
        let open = calls.values
        calls = [:]
        for call in open { perform(server.failed(call, "the gateway went away: \(error)")) }
    }
}
