internal import Client
internal import EventLoop
internal import JSON
internal import Wire

/// `gateway call`: any method of the protocol, for scripts and for looking around.
enum CallCommand {
    static let command = Command(
        "gateway call", operands: "METHOD", summary: "Calls a method of the gateway and prints its answer as JSON.",
        options: [
            .init("params", "JSON", "the method's params (default: {})"),
            .init("expect-final", nil, "wait for the outcome where the first answer only says: accepted"),
        ] + CommandTable.clientOptions,
        notes: ["example: sallyport gateway call chat.history --params '{\"sessionKey\": \"main\", \"limit\": 5}'"]
    ) { invocation in
        let arguments = invocation.arguments
        guard let method = arguments.operands.first, arguments.operands.count == 1 else {
            throw CommandFailure(
                .operands, "gateway call takes one method", hint: "for instance: sallyport gateway call status")
        }
        let params = try params(arguments["params"] ?? "{}")
        let target = try Target.resolve(invocation, scopes: scopes(for: method))
        let client = try target.connectAsOwner()
        let patience = try arguments.integer("timeout", in: 1...600_000) ?? 10_000
        let answer = try ask(
            client, method, params, expectsFinal: arguments.has("expect-final"), patience: .milliseconds(patience))
        client.close()
        invocation.terminal.print(answer.prettyPrinted())
        return 0
    }

    private static func params(_ text: String) throws(CommandFailure) -> JSON {
        let params: JSON
        do throws(JSONError) {
            params = try JSONParser.parse(Array(text.utf8))
        } catch {
            throw CommandFailure(
                .invalidJSON, "--params is not JSON: \(error)",
                hint: "quote it for the shell: --params '{\"key\": \"main\"}'")
        }
        guard params.object != nil else {
            throw CommandFailure(.invalidJSON, "--params must be a JSON object, not \(params.typeName)")
        }
        return params
    }

    /// Least privilege, as far as we know the method.
    private static func scopes(for method: String) -> [String] {
        switch Method(name: method)?.requirement {
        case .scope(let scope): [scope.rawValue]
        case .open, .ownRun, .poolWorker: [OperatorScope.read.rawValue]
        case nil: [OperatorScope.read, .write, .admin].map(\.rawValue)
        }
    }

    /// - Parameter patience: for the first answer; a final one comes when the run ends.
    private static func ask(
        _ client: GatewayClient, _ method: String, _ params: JSON, expectsFinal: Bool, patience: Duration
    ) throws(ClientError) -> JSON {
        guard expectsFinal else { return try client.request(method, params, timeout: patience) }
        let id = try client.send(method, params)
        let deadline = MonotonicInstant.now() + patience
        var isAccepted = false
        while true {
            let message = try client.nextMessage(timeout: .seconds(1))
            if case .response(id, let result) = message {
                switch result {
                case .success(let payload) where payload["status"]?.string == "accepted": isAccepted = true
                case .success(let payload): return payload
                case .failure(let body): throw .refused(body, closeCode: nil, closeReason: nil)
                }
            } else if !isAccepted, MonotonicInstant.now() >= deadline {
                throw .timeout(
                    waitingFor: method, milliseconds: Int64((patience / .milliseconds(1)).rounded()))
            }
        }
    }
}
