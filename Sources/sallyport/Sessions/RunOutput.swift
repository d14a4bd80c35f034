internal import Client
internal import EventLoop
internal import JSON

/// Follows one run: prints its output as it comes until the run has ended, and comes back when the gateway was away.
final class RunOutput {
    /// How long a gateway that went away may take to come back: as long as the worker of a run waits whose command this may be.
    private static let reconnectGrace = Duration.seconds(600)

    private let target: Target
    private let terminal: Terminal
    private let isSilent: Bool
    private var printedBytes = 0
    private var endsWithLine = true
    /// Told of each event of the run, and of nothing now and then.
    var watch: (JSON?) -> Void = { _ in }

    init(_ target: Target, _ terminal: Terminal, isSilent: Bool) {
        self.target = target
        self.terminal = terminal
        self.isSilent = isSilent
    }

    /// - Returns: the answer of `agent.wait`.
    func follow(_ first: GatewayClient, runID: String) throws -> JSON {
        var client = first
        var policy = ReconnectPolicy()
        var generator = SystemRandomNumberGenerator()
        var brokenSince: MonotonicInstant?
        while true {
            do throws(ClientError) {
                let outcome = try wait(client, runID: runID)
                client.close()
                return outcome
            } catch {
                let now = MonotonicInstant.now()
                let since = brokenSince ?? now
                brokenSince = since
                guard case .retry(let delay) = policy.failed(error, using: &generator),
                    now - since < Self.reconnectGrace
                else { throw error }
                terminal.note("sallyport: \(error); trying again")
                Waiting.sleep(delay)
                if let again = try? GatewayClient.connect(target.options) {
                    client = again
                    brokenSince = nil
                }
            }
        }
    }

    private func wait(_ client: GatewayClient, runID: String) throws(ClientError) -> JSON {
        let params: JSON = .object(JSONObject([("runId", .string(runID)), ("timeoutMs", 3_600_000)]))
        var waiting = try client.send("agent.wait", params)
        while true {
            guard let message = try client.nextMessage(timeout: .seconds(1)) else {
                watch(nil)
                continue
            }
            switch message {
            case .event("agent", let payload, _) where payload["runId"]?.string == runID:
                watch(payload)
                show(payload)
            case .response(waiting, .success(let outcome)):
                if outcome["result"] != nil { return outcome }
                // The window is over, the run is not.
                waiting = try client.send("agent.wait", params)
            case .response(waiting, .failure(let body)):
                throw .refused(body, closeCode: nil, closeReason: nil)
            default: break
            }
        }
    }

    private func show(_ payload: JSON) {
        guard !isSilent, let text = payload["data"]?["delta"]?.string, !text.isEmpty else { return }
        switch payload["stream"]?.string {
        case "assistant":
            terminal.printRaw(text)
            printedBytes += text.utf8.count
            endsWithLine = text.hasSuffix("\n")
        case "command_output": terminal.noteRaw(text)
        default: break
        }
    }

    /// Prints what was missed, and ends the last line.
    func complete(_ result: JSON) {
        let totalBytes = result["totalBytes"]?.integer ?? 0
        if printedBytes < totalBytes, let text = result["text"]?.string, !text.isEmpty {
            if printedBytes > 0 {
                terminal.note("sallyport: output was missed while the gateway was away; the text again:")
            }
            terminal.printRaw(text)
            endsWithLine = text.hasSuffix("\n")
        }
        if !endsWithLine { terminal.print("") }
    }
}
