package import JSON

/// What a worker gets over its inherited pipe: nothing of it stands in argv or the environment.
package struct WorkerBootstrap: Equatable, Sendable {
    /// The descriptor number in the worker.
    package static let descriptor: Int32 = 3
    /// Where a worker whose agent is kept gets the orders of further runs, one on each line.
    package static let furtherOrders: Int32 = 4
    package static let maxBytes = 64 * 1024

    package var url: String
    /// SHA-256 of the gateway's certificate, and of the next while there is one; none for a gateway without TLS.
    package var pins: [String]
    package var token: String
    /// The derived private key, base64url.
    package var seed: String
    package var runToken: String
    package var sessionKey: String
    package var runID: String
    package var gatewayID: String
    package var grants: [String]
    /// A private directory, made by the gateway and removed by it.
    package var directory: String
    /// How to know the gateway where there is no pin: a file of authorities.
    package var authoritiesPath: String?
    /// For a gateway that asks for a client certificate.
    package var clientCertificatePath: String?
    package var clientKeyPath: String?
    /// It works on another host than its gateway: the gateway's certificate, users and tools have to be found here.
    package var isElsewhere: Bool { presentsGrants }
    /// Where it says which process it is.
    package var markPath: String?
    package var certificatePath: String?
    package var caBundlePath: String?
    /// The agent command gets `token` instead of `runToken`.
    package var inheritsToken: Bool
    /// The number of this launch of the run.
    package var attempt: Int
    /// Files and directories of the gateway that an isolated command must not reach.
    package var hidden: [String]
    /// Its grants are shown when it connects: the gateway has not seen its key yet.
    package var presentsGrants: Bool
    /// The agent stays after the run, and waits this long for the next one.
    package var keptMs: Int64?

    package init(
        url: String, pins: [String], token: String, seed: String, runToken: String, sessionKey: String, runID: String,
        gatewayID: String, grants: [String], directory: String, certificatePath: String?, caBundlePath: String?,
        inheritsToken: Bool, attempt: Int = 0, hidden: [String] = [], presentsGrants: Bool = false,
        markPath: String? = nil
    ) {
        self.url = url
        self.pins = pins
        self.token = token
        self.seed = seed
        self.runToken = runToken
        self.sessionKey = sessionKey
        self.runID = runID
        self.gatewayID = gatewayID
        self.grants = grants
        self.directory = directory
        self.certificatePath = certificatePath
        self.caBundlePath = caBundlePath
        self.inheritsToken = inheritsToken
        self.attempt = attempt
        self.hidden = hidden
        self.presentsGrants = presentsGrants
        self.markPath = markPath
    }

    package var json: JSON {
        var object = JSONObject([
            ("url", .string(url)), ("token", .string(token)), ("seed", .string(seed)),
            ("runToken", .string(runToken)), ("sessionKey", .string(sessionKey)), ("runId", .string(runID)),
            ("gatewayId", .string(gatewayID)), ("grants", .array(grants.map { .string($0) })),
            ("directory", .string(directory)), ("inheritsToken", .bool(inheritsToken)),
            ("attempt", .integer(Int64(attempt))), ("presentsGrants", .bool(presentsGrants)),
        ])
        object["pins"] = .array(pins.map { .string($0) })
        object["authorities"] = authoritiesPath.map { .string($0) }
        object["clientCertificate"] = clientCertificatePath.map { .string($0) }
        object["clientKey"] = clientKeyPath.map { .string($0) }
        object["mark"] = markPath.map { .string($0) }
        object["certificate"] = certificatePath.map { .string($0) }
        object["keptMs"] = keptMs.map { .integer($0) }
        if !hidden.isEmpty { object["hidden"] = .array(hidden.map { .string($0) }) }
        object["caBundle"] = caBundlePath.map { .string($0) }
        return .object(object)
    }

    package init?(_ json: JSON) {
        guard let url = json["url"]?.string, let token = json["token"]?.string,
            let seed = json["seed"]?.string, let runToken = json["runToken"]?.string,
            let sessionKey = json["sessionKey"]?.string, let runID = json["runId"]?.string,
            let gatewayID = json["gatewayId"]?.string, let pins = json["pins"]?.array?.compactMap(\.string),
            let grants = json["grants"]?.array?.compactMap(\.string),
            let directory = json["directory"]?.string
        else { return nil }
        self.init(
            url: url, pins: pins, token: token, seed: seed, runToken: runToken, sessionKey: sessionKey,
            runID: runID, gatewayID: gatewayID, grants: grants, directory: directory,
            certificatePath: json["certificate"]?.string, caBundlePath: json["caBundle"]?.string,
            inheritsToken: json["inheritsToken"]?.bool ?? false, attempt: Int(json["attempt"]?.integer ?? 0),
            hidden: json["hidden"]?.array?.compactMap(\.string) ?? [],
            presentsGrants: json["presentsGrants"]?.bool ?? false, markPath: json["mark"]?.string)
        authoritiesPath = json["authorities"]?.string
        clientCertificatePath = json["clientCertificate"]?.string
        clientKeyPath = json["clientKey"]?.string
        keptMs = json["keptMs"]?.integer
    }
}
