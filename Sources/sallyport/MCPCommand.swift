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
        return try MCPSession(target, sessionKey: invocation.arguments["session"], invocation.terminal).run()
    }
}

/// Between one client on standard input and the gateway. Everything happens on one thread, in one loop.
private final class MCPSession {
    private static let readBytes = 64 * 1024

    private let target: Target
    private let terminal: Terminal
    private var server: MCPServer
    private var lines = LineSplitter()
    private var client: GatewayClient?
    private var calls: [String: MCPServer.Call] = [:]

    init(_ target: Target, sessionKey: String?, _ terminal: Terminal) {
        self.target = target
        self.terminal = terminal
        server = MCPServer(version: Main.version, sessionKey: sessionKey)
    }

    /// Until standard input ends.
    func run() throws -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        while true {
            let wake = try? client?.keepAlive(now: .now())
            var entries = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(
                    fd: client?.descriptor ?? -1,
                    events: Int16(POLLIN) | (client?.wantsWrite == true ? Int16(POLLOUT) : 0), revents: 0),
            ]
            let patience = wake.map { max(0, ($0 - MonotonicInstant.now()) / .milliseconds(1)) } ?? 60_000
            let timeout = client?.hasBufferedInput == true ? 0 : Int32(min(patience + 1, 60_000))
            guard unsafe poll(&entries, 2, timeout) >= 0 || errno == EINTR else { return 1 }
            client?.flush()
            receive()
            guard entries[0].revents == 0 || readInput() else { break }
        }
        client?.close()
        return 0
    }

    /// - Returns: false at the end of the input.
    private func readInput() -> Bool {
        var buffer = [UInt8](repeating: 0, count: Self.readBytes)
        let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && (errno == EINTR || errno == EAGAIN) }
        for line in lines.append(buffer.prefix(count)) {
            switch line {
            case .whole(let bytes): perform(server.received(bytes))
            case .tooLong: perform(server.tooLong())
            }
        }
        return true
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
        let fresh = try GatewayClient.connect(target.options)
        client = fresh
        return fresh
    }

    private func receive() {
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
