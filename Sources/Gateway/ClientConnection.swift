internal import JSON
package import Trust
package import Wire

/// An admitted connection, as the core sees it.
package struct ClientConnection: Sendable {
    package let id: ConnectionID
    /// `server.connId`
    package let connID: String
    package var admitted: Admitted
    private let boxedClient: Boxed<ClientInfo>
    package let clientAddress: String?
    package let connectedAtMs: Int64
    /// It has been told that it is admitted, and hears events.
    var isOpen = false
    /// Another connection goes on with its events.
    var isSuperseded = false
    /// What the number of its last event is counted from (``EventJournal``).
    var seqBase: Int64 = 0
    /// Where its numbers begin in the ring of events.
    var floor: UInt64 = 0
    /// It has attached to its run: it reports, and hears only what is sent to it.
    package var isWorker = false
    /// It came by HTTP, for one answer.
    package var isOneShot = false
    /// How many of its requests wait for the end of a run.
    package var waits = 0
    package static let maxWaits = 1024
    /// Its close is decided and on its way: what still arrives from it counts no more.
    package var isClosing = false
    /// Its own grant was changed through it: it has had its answer, and is closed when it asks for more.
    package var invalidated: String?

    package var client: ClientInfo { boxedClient.value }

    init(
        id: ConnectionID, connID: String, admitted: Admitted, client: ClientInfo, clientAddress: String?,
        connectedAtMs: Int64
    ) {
        self.id = id
        self.connID = connID
        self.admitted = admitted
        boxedClient = Boxed(client)
        self.clientAddress = clientAddress
        self.connectedAtMs = connectedAtMs
    }

    /// One-shot clients do not show in presence (wire protocol, "Enumerations", last row).
    var isPresent: Bool {
        !isOneShot && !client.isCLI && client.mode != "probe" && client.mode != "backend"
    }

    var instanceID: String { admitted.deviceID ?? client.instanceID ?? connID }

    func presenceEntry(reason: String, nowMs: Int64) -> JSON {
        var entry = JSONObject([("mode", .string(client.mode)), ("reason", .string(reason)), ("ts", .integer(nowMs))])
        entry["host"] = client.displayName.map { .string($0) }
        entry["version"] = .string(client.version)
        entry["platform"] = .string(client.platform)
        entry["deviceFamily"] = client.deviceFamily.map { .string($0) }
        entry["modelIdentifier"] = client.modelIdentifier.map { .string($0) }
        if !admitted.isDirectLocal { entry["ip"] = clientAddress.map { .string($0) } }
        entry["deviceId"] = admitted.deviceID.map { .string($0) }
        entry["instanceId"] = .string(instanceID)
        entry["roles"] = [.string(admitted.role.rawValue)]
        entry["scopes"] = .array(admitted.scopes.names.map { .string($0) })
        return .object(entry)
    }
}
