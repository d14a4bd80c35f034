package import JSON
internal import Sessions
package import Trust
package import Wire

/// A request of an admitted connection, its params decoded.
package struct GatewayRequest: Sendable {
    package let connection: ConnectionID
    /// With its quotes, as it came.
    package let id: [UInt8]
    package let method: Method
    package let params: JSON?

    package init(connection: ConnectionID, id: [UInt8], method: Method, params: JSON?) {
        self.connection = connection
        self.id = id
        self.method = method
        self.params = params
    }
}

extension GatewayCore {
    /// Answers a request: authorisation first (wire protocol, section 5.4), then the method.
    package mutating func handle(_ request: GatewayRequest, nowMs: Int64) -> [Effect] {
        guard let caller = connections[request.connection], !caller.isClosing else { return [] }
        if let reason = caller.invalidated {
            connections[request.connection]?.isClosing = true
            return [.close(request.connection, .clientInvalidated(reason))]
        }
        do throws(GatewayError) {
            try authorise(request.method, caller)
            if caller.isWorker, let runID = caller.admitted.lineage?.runID, leases[runID] != nil {
                renewLease(runID, nowMs: nowMs)
            }
            return Self.noting(Self.ids(request, caller), on: try route(request, from: caller, nowMs: nowMs))
        } catch {
            let code = error.details["code"]?.string ?? error.code.rawValue
            return [
                .respond(request.connection, Frames.failure(id: request.id, error)),
                .log(
                    LogLine(
                        .debug, "ws", "refused method=\(request.method.rawValue) code=\(code): \(error.message)",
                        ids: Self.ids(request, caller))),
            ]
        }
    }

    /// By which the lines that a request causes are found.
    private static func ids(_ request: GatewayRequest, _ caller: ClientConnection) -> [LogLine.ID: String] {
        // As the client chose it, without its quotes, and not all of one that is long.
        let id = String(decoding: request.id.prefix(66), as: UTF8.self)
        return [.connection: caller.connID, .rpc: String(id.drop { $0 == "\"" }.prefix { $0 != "\"" })]
    }

    private static func noting(_ ids: [LogLine.ID: String], on effects: [Effect]) -> [Effect] {
        guard effects.contains(where: \.isLogged) else { return effects }
        return effects.map { effect in
            switch effect {
            case .log(let line): .log(line.noting(ids))
            case .commit(let operations, let then, let failure, let otherwise):
                .commit(
                    operations, then: noting(ids, on: then), failure: failure, otherwise: noting(ids, on: otherwise))
            default: effect
            }
        }
    }

    /// Whether a connection may call a method; pure, so that hot methods can be answered without the core's lock.
    package static func authorise(_ method: Method, _ rights: CallerRights) throws(GatewayError) {
        if rights.isReportingOnly, method != .runComplete, method != .runAttach {
            throw GatewayError(.forbidden, .runEnded)
        }
        switch method.requirement {
        case .open: return
        case .ownRun:
            guard rights.hasRun else {
                throw GatewayError(.forbidden, .notARunDevice, "\(method.rawValue) is for the derived device of a run")
            }
        case .poolWorker:
            guard rights.role == .operator, !rights.hasRun,
                rights.scopes.covers(.admin)
                    || rights.scopes.names.contains(where: { $0.hasPrefix(Self.poolScopePrefix) })
            else {
                throw GatewayError(
                    .forbidden, .notInPool, "\(method.rawValue) is for devices that are enrolled for a pool")
            }
        case .scope(let scope):
            guard rights.role == .operator else { throw .unauthorizedRole(rights.role) }
            guard rights.scopes.covers(scope) else { throw .missingScope(scope) }
        }
    }

    private func authorise(_ method: Method, _ caller: ClientConnection) throws(GatewayError) {
        var admitted = caller.admitted
        // The connection that handed in a result stays open, but its run is over.
        if let runID = admitted.lineage?.runID, !isUnended(run: runID) { admitted.isReportingOnly = true }
        try Self.authorise(method, admitted.rights)
    }

    private mutating func route(
        _ request: GatewayRequest, from caller: ClientConnection, nowMs: Int64
    ) throws(GatewayError) -> [Effect] {
        do throws(any Error) {
            let reader = try ParamReader(request.params)
            switch request.method {
            case .connect:
                throw GatewayError(.invalidRequest, .connectRepeated)
            case .diagnosticsEcho:
                return [reply(request, request.params ?? .object(JSONObject()))]
            case .diagnosticsBroadcast: return broadcast(request)
            case .health: return [reply(request, health(nowMs: nowMs))]
            case .status: return [reply(request, status(caller, nowMs: nowMs))]
            case .systemPresence: return [reply(request, encoded: presence(nowMs: nowMs))]
            case .gatewayIdentityGet: return [reply(request, identity())]
            case .systemEvent: return try systemEvent(request, reader, nowMs: nowMs)
            case .lastHeartbeat: return [reply(request, .null)]
            case .setHeartbeats: return [reply(request, try setHeartbeats(reader))]
            case .logsTail: return [try logsTail(request, reader, from: caller)]
            case .channelsStatus: return [reply(request, channelsStatus(nowMs: nowMs))]
            case .nodeList: return [reply(request, nodeList(nowMs: nowMs))]
            case .nodeDescribe: return [reply(request, try nodeDescribe(reader, nowMs: nowMs))]
            case .skillsStatus: return [reply(request, skillsStatus())]
            case .usageStatus: return [reply(request, usageStatus(nowMs: nowMs))]
            case .usageCost: return [reply(request, try usageCost(reader, nowMs: nowMs))]
            case .execApprovalsGet: return [reply(request, execApprovalsGet())]
            case .modelsList: return [reply(request, ["models": []])]
            case .toolsCatalog: return [reply(request, try toolsCatalog(reader))]
            case .commandsList: return [reply(request, ["commands": []])]
            case .voicewakeGet: return [reply(request, ["triggers": []])]
            case .ttsStatus: return [reply(request, ["enabled": false, "providers": []])]
            case .agentIdentityGet: return [reply(request, try agentIdentity(reader))]
            case .agentsList: return [reply(request, agentsList())]
            case .sessionsList: return [reply(request, try sessionsList(reader, for: caller, nowMs: nowMs))]
            case .sessionsSpawn, .sessionsSpawnTool: return try spawn(request, reader, from: caller, nowMs: nowMs)
            case .sessionsAbort: return try sessionsAbort(request, reader, from: caller, nowMs: nowMs)
            case .sessionsGet: return try sessionsGet(request, reader, from: caller)
            case .sessionsPreview: return try sessionsPreview(request, reader, from: caller)
            case .sessionsResolve: return [reply(request, try sessionsResolve(reader, caller))]
            case .sessionsDescribe: return [reply(request, try sessionsDescribe(reader, caller))]
            case .sessionsUsage: return [reply(request, try sessionsUsage(reader, caller, nowMs: nowMs))]
            case .sessionsCreate: return try sessionsCreate(request, reader, from: caller, nowMs: nowMs)
            case .sessionsSend: return try sessionsSend(request, reader, from: caller, nowMs: nowMs)
            case .sessionsPatch: return try sessionsPatch(request, reader, from: caller, nowMs: nowMs)
            case .sessionsReset: return try sessionsReset(request, reader, from: caller, nowMs: nowMs)
            case .sessionsDelete: return try sessionsDelete(request, reader, from: caller, nowMs: nowMs)
            case .sessionsCompact: return try sessionsCompact(request, reader, from: caller, nowMs: nowMs)
            case .chatSend: return try chatSend(request, reader, from: caller, nowMs: nowMs)
            case .chatAbort: return try chatAbort(request, reader, from: caller, nowMs: nowMs)
            case .chatHistory: return try chatHistory(request, reader, from: caller)
            case .chatMessageGet: return try chatMessageGet(request, reader, from: caller)
            case .chatInject: return try chatInject(request, reader, from: caller, nowMs: nowMs)
            case .agent: return try agent(request, reader, from: caller, nowMs: nowMs)
            case .toolsInvoke: return try toolsInvoke(request, reader, from: caller, nowMs: nowMs)
            case .sessionsSubscribe: return subscribe(request, true)
            case .sessionsUnsubscribe: return subscribe(request, false)
            case .sessionsMessagesSubscribe: return try subscribeToMessages(request, reader, from: caller, true)
            case .sessionsMessagesUnsubscribe: return try subscribeToMessages(request, reader, from: caller, false)
            case .agentWait: return try wait(request, reader, from: caller, nowMs: nowMs)
            case .runAttach: return try attach(request, reader, from: caller, nowMs: nowMs)
            case .runOutput: return try output(request, reader, from: caller, nowMs: nowMs)
            case .execApprovalList: return [reply(request, approvalList())]
            case .execApprovalResolve: return try approvalResolve(request, reader, from: caller, nowMs: nowMs)
            case .runPermission: return try runPermission(request, reader, from: caller, nowMs: nowMs)
            case .runEvent: return try runEvent(request, reader, from: caller, nowMs: nowMs)
            case .runHeartbeat: return try heartbeat(request, reader, from: caller)
            case .workerAttach: return try poolAttach(request, reader, from: caller, nowMs: nowMs)
            case .workerHeartbeat: return try poolHeartbeat(request, reader, from: caller, nowMs: nowMs)
            case .workerReport: return try poolReport(request, reader, from: caller, nowMs: nowMs)
            case .workerDrain: return try poolDrain(request, reader, from: caller, nowMs: nowMs)
            case .workersList: return [reply(request, workersList(nowMs: nowMs))]
            case .workersDrain: return try workersDrain(request, reader, nowMs: nowMs)
            case .runComplete: return try complete(request, reader, from: caller, nowMs: nowMs)
            case .cronStatus: return [reply(request, cronStatus())]
            case .cronGet: return [reply(request, try cronGet(reader, for: caller))]
            case .cronList: return [reply(request, try cronList(reader, for: caller))]
            case .cronRuns: return try cronRuns(request, reader, from: caller)
            case .cronAdd: return try cronAdd(request, reader, from: caller, nowMs: nowMs)
            case .cronUpdate: return try cronUpdate(request, reader, from: caller, nowMs: nowMs)
            case .cronRemove: return try cronRemove(request, reader, from: caller)
            case .cronRun: return try cronRun(request, reader, from: caller, nowMs: nowMs)
            case .wake: return try wake(request, reader, from: caller, nowMs: nowMs)
            case .configGet, .configSchema, .configSchemaLookup: return try readConfig(request, reader, from: caller)
            case .configSet, .configPatch, .configApply:
                return try writeConfig(request, reader, from: caller, nowMs: nowMs)
            case .devicePairList: return [reply(request, pairList(caller, nowMs: nowMs))]
            case .devicePairApprove: return try pairApprove(request, reader, from: caller, nowMs: nowMs)
            case .devicePairReject: return try pairReject(request, reader, from: caller, nowMs: nowMs)
            case .devicePairRemove: return try pairRemove(request, reader, from: caller, nowMs: nowMs)
            case .deviceTokenRotate: return try tokenRotate(request, reader, from: caller, nowMs: nowMs)
            case .deviceTokenRevoke: return try tokenRevoke(request, reader, from: caller, nowMs: nowMs)
            case .deviceEnrollCreate: return try enrollCreate(request, reader, from: caller, nowMs: nowMs)
            case .deviceEnrollList: return [reply(request, enrollList(caller, nowMs: nowMs))]
            case .deviceEnrollRevoke: return try enrollRevoke(request, reader, from: caller)
            case .sessionsSpawnExplain: return [reply(request, try explainSpawn(reader))]
            case .admissionExplain: return [reply(request, try explain(reader, nowMs: nowMs))]
            case .authLockouts: return [reply(request, lockouts(nowMs: nowMs))]
            case .authUnlock: return try unlock(request, reader, nowMs: nowMs)
            }
        } catch let failure as ParamReader.Failure {
            throw .invalidParams(request.method.rawValue, failure.message)
        } catch let error as GatewayError {
            throw error
        } catch {
            throw GatewayError(.unavailable, .internalError, "\(error)")
        }
    }

    /// An event with whatever the caller wants, to try out clients and to measure.
    private mutating func broadcast(_ request: GatewayRequest) -> [Effect] {
        let event = OutboundEvent(.diagnosticsBroadcast, request.params ?? .object(JSONObject()))
        return [
            .publish(event),
            reply(request, .object(JSONObject([("connections", .integer(Int64(reach(of: event))))]))),
        ]
    }

    func reply(_ request: GatewayRequest, _ payload: JSON) -> Effect {
        reply(request, encoded: payload.serialized())
    }

    /// - Parameter payload: JSON text.
    func reply(_ request: GatewayRequest, encoded payload: [UInt8]) -> Effect {
        var frame: [UInt8] = []
        Frames.response(id: request.id.span, payload: payload.span, into: &frame)
        return .respond(request.connection, frame)
    }
}
