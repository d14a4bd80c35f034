internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// Methods that clients ask for what a gateway without channels, skills, models or speech of its own has none of. The
/// answers are true: there is nothing (docs/compatibility.md).
extension GatewayCore {
    func channelsStatus(nowMs: Int64) -> JSON {
        let none: JSON = .object(JSONObject())
        return .object(
            JSONObject([
                ("ts", .integer(nowMs)), ("channelOrder", []), ("channelLabels", none), ("channels", none),
                ("channelAccounts", none), ("channelDefaultAccountId", none),
            ]))
    }

    func skillsStatus() -> JSON {
        .object(JSONObject([("workspaceDir", .string(settings.stateDirectory)), ("skills", [])]))
    }

    func usageStatus(nowMs: Int64) -> JSON {
        .object(JSONObject([("updatedAt", .integer(nowMs)), ("providers", [])]))
    }

    /// Agents here are commands: what they spend, they alone know.
    func usageCost(_ reader: ParamReader, nowMs: Int64) throws(ParamReader.Failure) -> JSON {
        let days = try reader.integer("days", in: 1...3650) ?? 30
        let totals = ["input", "output", "cacheRead", "cacheWrite", "totalTokens", "totalCost", "missingCostEntries"]
        return .object(
            JSONObject([
                ("updatedAt", .integer(nowMs)), ("days", .integer(days)), ("daily", []),
                ("totals", .object(JSONObject(totals.map { ($0, 0) }))),
            ]))
    }

    /// Commands need nobody's approval: who may spawn them is decided by the configuration.
    func execApprovalsGet() -> JSON {
        .object(
            JSONObject([
                ("path", .string("\(settings.stateDirectory)/exec-approvals.json")), ("exists", false), ("hash", ""),
                ("file", .object(JSONObject([("version", 1)]))),
            ]))
    }

    func toolsCatalog(_ reader: ParamReader) throws(ParamReader.Failure) -> JSON {
        let agentID = try reader.nonEmptyString("agentId", maxBytes: 64) ?? settings.catalog.defaultAgentID
        let tools = ToolName.allCases.map { tool -> JSON in
            .object(
                JSONObject([
                    ("id", .string(tool.rawValue)), ("label", .string(tool.rawValue)),
                    ("description", .string(tool.summary)), ("source", "core"), ("defaultProfiles", []),
                ]))
        }
        let group = JSONObject([
            ("id", "sessions"), ("label", "Sessions"), ("source", "core"), ("tools", .array(tools)),
        ])
        return .object(
            JSONObject([("agentId", .string(agentID)), ("profiles", []), ("groups", [.object(group)])]))
    }

    func agentIdentity(_ reader: ParamReader) throws -> JSON {
        let named = try reader.nonEmptyString("agentId", maxBytes: 64)
        let ofSession = try reader.nonEmptyString("sessionKey", maxBytes: SpawnParams.maxNameBytes)
            .flatMap { SessionKeySyntax.agentID(of: canonicalKey($0)) }
        let agentID = named ?? ofSession ?? settings.catalog.defaultAgentID
        guard let agent = settings.catalog[agentID] else {
            throw GatewayError(.invalidRequest, .agentNotFound, "unknown agent id \"\(agentID)\"")
        }
        return .object(
            JSONObject([
                ("agentId", .string(agent.id)), ("name", .string(agent.name ?? agent.id)), ("avatarStatus", "none"),
            ]))
    }

    // MARK: - Nodes

    func nodeList(nowMs: Int64) -> JSON {
        let nodes = connections.values.filter { $0.isOpen && $0.admitted.role == .node }
            .sorted { $0.id < $1.id }.map { JSON.object(node($0)) }
        return .object(JSONObject([("ts", .integer(nowMs)), ("nodes", .array(nodes))]))
    }

    func nodeDescribe(_ reader: ParamReader, nowMs: Int64) throws -> JSON {
        let nodeID = try reader.requiredString("nodeId", maxBytes: SpawnParams.maxNameBytes)
        let found = connections.values.map { $0.isOpen && $0.admitted.role == .node ? node($0) : JSONObject() }
        guard var node = found.first(where: { $0["nodeId"] == .string(nodeID) }) else {
            throw GatewayError(.invalidRequest, .nodeNotFound)
        }
        node["ts"] = .integer(nowMs)
        return .object(node)
    }

    private func node(_ connection: ClientConnection) -> JSONObject {
        let client = connection.client
        var node = JSONObject([
            ("nodeId", .string(connection.admitted.deviceID ?? connection.connID)),
            ("platform", .string(client.platform)), ("version", .string(client.version)),
            ("clientId", .string(client.id)), ("clientMode", .string(client.mode)),
            ("paired", .bool(connection.admitted.deviceID.map { trust.isPaired($0) } ?? false)), ("connected", true),
            ("connectedAtMs", .integer(connection.connectedAtMs)),
        ])
        node["displayName"] = client.displayName.map { .string($0) }
        node["deviceFamily"] = client.deviceFamily.map { .string($0) }
        node["modelIdentifier"] = client.modelIdentifier.map { .string($0) }
        if !connection.admitted.isDirectLocal { node["remoteIp"] = connection.clientAddress.map { .string($0) } }
        return node
    }
}
