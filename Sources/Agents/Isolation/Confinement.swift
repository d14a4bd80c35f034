package import JSON
package import Wire

/// What `sallyport confine` does to itself before it becomes a command. It stands in a file in memory, so nothing of it is
/// in argv, and no variable of the command's has a meaning for us while we still may do more than it.
package struct Confinement: Equatable, Sendable {
    /// Where `sallyport confine` finds it.
    package static let descriptor: Int32 = 3
    package static let maxBytes = 8 << 20

    package var argv: [String]
    package var environment: [String: String]
    package var workingDirectory: String?
    package var umask: UInt32?
    package var limits: [Isolation.Resource: Int64]
    package var user: Isolation.User?
    /// No program that it starts gains anything by its owner or its capabilities. A `bwrap` that is setuid needs that once.
    package var forbidsNewPrivileges: Bool

    package init(
        argv: [String], environment: [String: String], workingDirectory: String?, umask: UInt32?,
        limits: [Isolation.Resource: Int64], user: Isolation.User?, forbidsNewPrivileges: Bool
    ) {
        self.argv = argv
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.umask = umask
        self.limits = limits
        self.user = user
        self.forbidsNewPrivileges = forbidsNewPrivileges
    }

    package var json: JSON {
        var isolation = Isolation()
        isolation.workingDirectory = workingDirectory
        isolation.umask = umask
        isolation.limits = limits
        isolation.user = user
        let variables = environment.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        return [
            "argv": .array(argv.map { .string($0) }), "environment": .object(JSONObject(variables)),
            "isolation": isolation.json, "forbidsNewPrivileges": .bool(forbidsNewPrivileges),
        ]
    }

    package init?(_ json: JSON) {
        guard let argv = json["argv"]?.array?.compactMap(\.string), !argv.isEmpty,
            let variables = json["environment"]?.object, let isolation = json["isolation"].flatMap(Isolation.init),
            let forbids = json["forbidsNewPrivileges"]?.bool
        else { return nil }
        var environment: [String: String] = [:]
        for (name, value) in variables.members { environment[name] = value.string }
        self.init(
            argv: argv, environment: environment, workingDirectory: isolation.workingDirectory, umask: isolation.umask,
            limits: isolation.limits, user: isolation.user, forbidsNewPrivileges: forbids)
    }
}
