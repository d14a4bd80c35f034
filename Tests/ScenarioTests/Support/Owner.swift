import Client
import JSON
import TLS

/// What scenarios ask of a gateway over a connection.
extension GatewayProcess {
    /// Options of a client with the gateway's pin and the shared token.
    func options(_ address: String = "127.0.0.1", token: String? = "my-token", scopes: [String] = []) -> ConnectOptions
    {
        var options = ConnectOptions(url: url(address))
        if let pin = pin.flatMap({ CertificatePin($0) }) { options.trust = .pins(PinSet([pin])) }
        options.plaintext = PlaintextPolicy(allowedHosts: [address])
        options.token = token
        options.scopes = scopes
        return options
    }

    /// A local command line without a device, which keeps the scopes that it asks for.
    func owner(_ scopes: [String] = ["operator.admin", "operator.pairing"]) async throws -> GatewayClient {
        try await connect(options(scopes: scopes))
    }

    /// Connects from where the gateway is.
    func connect(_ options: ConnectOptions) async throws -> GatewayClient {
        guard let namespace else { return try GatewayClient.connect(options) }
        return try await namespace.inside { try GatewayClient.connect(options) }
    }

    /// The error with which a `connect` is refused.
    func refusal(of options: ConnectOptions) async throws -> ClientError {
        do {
            let client = try await connect(options)
            client.close()
        } catch let error as ClientError {
            return error
        }
        throw Unexpected("the client was let in")
    }
}

extension GatewayClient {
    struct Spawned: Sendable {
        let sessionKey: String
        let runID: String
    }

    func spawn(_ task: String, agent: String? = nil, _ more: [(String, JSON)] = []) throws -> Spawned {
        var params = JSONObject([("task", .string(task)), ("runtime", "subagent")] + more)
        params["agentId"] = agent.map { .string($0) }
        let answer = try request("sessions.spawn", .object(params))
        guard answer["status"]?.string == "accepted", let key = answer["childSessionKey"]?.string,
            let runID = answer["runId"]?.string
        else { throw Unexpected("the spawn was refused: \(answer)") }
        return Spawned(sessionKey: key, runID: runID)
    }

    /// The answer of `agent.wait`, once the run has ended.
    func outcome(of run: Spawned, within: Duration = .seconds(25)) throws -> JSON {
        let answer = try request(
            "agent.wait", ["runId": .string(run.runID), "timeoutMs": .integer(within.components.seconds * 1000)],
            timeout: within + .seconds(5))
        guard answer["result"] != nil else { throw Unexpected("the run \(run.runID) has not ended: \(answer)") }
        return answer
    }

    /// The result of a run, once it has ended.
    func result(of run: Spawned, within: Duration = .seconds(25)) throws -> JSON {
        try outcome(of: run, within: within)["result"] ?? .null
    }

    func session(_ key: String) throws -> JSON? {
        let list = try request("sessions.list", ["limit": 1000])
        return list["sessions"]?.array?.first { $0["key"]?.string == key }
    }

    /// Why the connection ends; nil when it does not.
    func end(within: Duration) -> ClientError? {
        do throws(ClientError) {
            while try nextMessage(timeout: within) != nil {}
            return nil
        } catch {
            return error
        }
    }

    func waitUntilRunning(_ run: Spawned) throws {
        try eventually("run \(run.runID) runs") { try session(run.sessionKey)?["phase"]?.string == "running" }
    }
}
