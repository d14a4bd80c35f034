internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// Subscriptions to sessions (wire protocol, section 6.4). They filter; they never widen: who may not see a session does
/// not hear of it, whatever it subscribed to.
extension GatewayCore {
    mutating func subscribe(_ request: GatewayRequest, _ isWanted: Bool) -> [Effect] {
        if isWanted {
            subscriptions.subscribe(request.connection)
        } else {
            subscriptions.unsubscribe(request.connection)
        }
        return [reply(request, ["subscribed": .bool(isWanted)])]
    }

    mutating func subscribeToMessages(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, _ isWanted: Bool
    ) throws -> [Effect] {
        let key = subscribedKey(
            try reader.requiredString("key", maxBytes: 512),
            agentID: try reader.nonEmptyString("agentId", maxBytes: SpawnParams.maxNameBytes))
        guard isWanted else {
            subscriptions.unsubscribe(request.connection, from: key)
            return [reply(request, JSON.object(JSONObject([("subscribed", false), ("key", .string(key))])))]
        }
        guard isVisible(key, to: caller) else {
            throw GatewayError(.forbidden, .sessionNotVisible)
        }
        guard subscriptions.subscribe(request.connection, to: key) else {
            throw GatewayError(
                .invalidRequest, .tooManySubscriptions,
                "too many subscriptions: a connection may have \(Subscriptions.maxKeys) sessions subscribed to",
                details: JSONObject([("limit", .integer(Int64(Subscriptions.maxKeys)))]))
        }
        return [reply(request, JSON.object(JSONObject([("subscribed", true), ("key", .string(key))])))]
    }

    /// Subscribers among those who may see the event.
    func subscribers(to event: OutboundEvent) -> [ConnectionID] {
        let wanted: Set<ConnectionID> =
            switch event.name {
            case .sessionsChanged: subscriptions.ofChanges
            case .sessionMessage: event.sessions?.first.map { subscriptions.ofMessages($0) } ?? []
            case .sessionOperation, .sessionTool: event.sessions?.first.map { subscriptions.ofSession($0) } ?? []
            // What is addressed to somebody is never for everybody.
            default: []
            }
        return wanted.sorted().filter { id in
            guard let connection = connections[id], connection.hearsEvents else { return false }
            return connection.admitted.listener.hears(event)
        }
    }

    /// `main` and bare names belong to the agent that is named, or the default agent.
    private func subscribedKey(_ text: String, agentID: String?) -> String {
        if SessionKeySyntax.agentID(of: text) != nil || text == "global" || text == "unknown" { return text }
        let name = text == "main" ? settings.mainKey : text.lowercased()
        return SessionKeySyntax.main(agentID: agentID ?? settings.catalog.defaultAgentID, mainKey: name)
    }
}
