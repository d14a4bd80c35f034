package import JSON

/// What runs a command under the gateway itself gets to read at its start, in place of a ``WorkerBootstrap``: no key, no
/// token, no address.
package struct LocalBootstrap: Equatable, Sendable {
    package var runID: String
    package var sessionKey: String
    package var gatewayID: String
    /// A private directory, made by the gateway and removed by it.
    package var directory: String
    /// Files and directories of the gateway that an isolated command must not reach.
    package var hidden: [String]
    /// What a worker is answered when it attaches.
    package var work: JSON

    package init(
        runID: String, sessionKey: String, gatewayID: String, directory: String, hidden: [String], work: JSON
    ) {
        self.runID = runID
        self.sessionKey = sessionKey
        self.gatewayID = gatewayID
        self.directory = directory
        self.hidden = hidden
        self.work = work
    }

    private static let name = "local"
    /// With a task and files of any size that is taken.
    package static let maxBytes = 64 << 20

    package var json: JSON {
        .object(
            JSONObject([
                (
                    Self.name,
                    .object(
                        JSONObject([
                            ("runId", .string(runID)), ("sessionKey", .string(sessionKey)),
                            ("gatewayId", .string(gatewayID)), ("directory", .string(directory)),
                            ("hidden", .array(hidden.map { .string($0) })), ("work", work),
                        ]))
                )
            ]))
    }

    package init?(_ json: JSON) {
        guard let local = json[Self.name], let runID = local["runId"]?.string,
            let sessionKey = local["sessionKey"]?.string, let gatewayID = local["gatewayId"]?.string,
            let directory = local["directory"]?.string, let work = local["work"]
        else { return nil }
        self.init(
            runID: runID, sessionKey: sessionKey, gatewayID: gatewayID, directory: directory,
            hidden: local["hidden"]?.array?.compactMap(\.string) ?? [], work: work)
    }
}
