package import JSON

/// How an agent's command is kept apart from the gateway that runs it: with names and tools already looked up, as it
/// stands in the order of a worker.
package struct Isolation: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// The command is the gateway's user and can do what that can.
        case none
        /// Another user.
        case uid
        /// A mount and process namespace in which the host is read-only and the gateway's own files are not.
        case bwrap
        case container
    }

    /// A user other than the worker's.
    package struct User: Equatable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        package var name: String?

        package init(uid: UInt32, gid: UInt32, name: String? = nil) {
            self.uid = uid
            self.gid = gid
            self.name = name
        }
    }

    /// A path of the host that the command sees.
    package struct Bind: Equatable, Sendable {
        package var path: String
        package var isWritable: Bool

        package init(path: String, isWritable: Bool) {
            self.path = path
            self.isWritable = isWritable
        }
    }

    /// `setrlimit`, by the names of `ulimit` and Docker.
    package enum Resource: String, CaseIterable, Sendable { case `as`, nofile, nproc, cpu, fsize }

    package struct Container: Equatable, Sendable {
        /// The program of Docker or Podman.
        package var engine: String
        package var image: String
        package var network: String
        /// Where the image has `sallyport`; nil: it has none.
        package var executable: String?

        package init(engine: String, image: String, network: String, executable: String?) {
            self.engine = engine
            self.image = image
            self.network = network
            self.executable = executable
        }
    }

    package var kind: Kind
    package var user: User?
    /// Variables of the gateway that the command may see; nil: those that every command may.
    package var inheritedVariables: [String]?
    package var workingDirectory: String?
    package var umask: UInt32?
    package var limits: [Resource: Int64] = [:]
    package var binds: [Bind] = []
    /// What the command does not see, besides the gateway's own files.
    package var hidden: [String] = []
    /// The program of `bwrap`.
    package var bubblewrap: String?
    package var container: Container?

    package init(_ kind: Kind = .none) {
        self.kind = kind
    }

    /// Lineage confines only what cannot act as the gateway's user.
    package var isSandbox: Bool { kind != .none }

    /// Whether the command can be started without anything in between.
    package var isPlain: Bool { kind == .none && umask == nil && limits.isEmpty }
}

extension Isolation {
    package var json: JSON {
        var object = JSONObject([("type", .string(kind.rawValue))])
        if let user {
            var member = JSONObject([("uid", .integer(Int64(user.uid))), ("gid", .integer(Int64(user.gid)))])
            member["name"] = user.name.map { .string($0) }
            object["user"] = .object(member)
        }
        object["env"] = inheritedVariables.map { .array($0.map { .string($0) }) }
        object["cwd"] = workingDirectory.map { .string($0) }
        object["umask"] = umask.map { .integer(Int64($0)) }
        if !limits.isEmpty {
            let members = limits.map { ($0.key.rawValue, JSON.integer($0.value)) }.sorted { $0.0 < $1.0 }
            object["rlimits"] = .object(JSONObject(members))
        }
        if !binds.isEmpty {
            object["binds"] = .array(binds.map { ["path": .string($0.path), "writable": .bool($0.isWritable)] })
        }
        if !hidden.isEmpty { object["hide"] = .array(hidden.map { .string($0) }) }
        object["bwrap"] = bubblewrap.map { .string($0) }
        if let container {
            var member = JSONObject([
                ("engine", .string(container.engine)), ("image", .string(container.image)),
                ("network", .string(container.network)),
            ])
            member["executable"] = container.executable.map { .string($0) }
            object["container"] = .object(member)
        }
        return .object(object)
    }

    /// - Returns: nil for anything that ``json`` does not make: a worker that does not understand how to confine a
    ///   command does not run it.
    package init?(_ json: JSON) {
        guard let kind = json["type"]?.string.flatMap(Kind.init(rawValue:)) else { return nil }
        self.init(kind)
        if let member = json["user"] {
            guard let uid = member["uid"]?.integer.flatMap(UInt32.init(exactly:)),
                let gid = member["gid"]?.integer.flatMap(UInt32.init(exactly:))
            else { return nil }
            user = User(uid: uid, gid: gid, name: member["name"]?.string)
        }
        inheritedVariables = json["env"]?.array?.compactMap(\.string)
        workingDirectory = json["cwd"]?.string
        umask = json["umask"]?.integer.flatMap(UInt32.init(exactly:))
        for (name, value) in json["rlimits"]?.object?.members ?? [] {
            guard let resource = Resource(rawValue: name), let limit = value.integer, limit >= 0 else { return nil }
            limits[resource] = limit
        }
        for bind in json["binds"]?.array ?? [] {
            guard let path = bind["path"]?.string, let isWritable = bind["writable"]?.bool else { return nil }
            binds.append(Bind(path: path, isWritable: isWritable))
        }
        hidden = json["hide"]?.array?.compactMap(\.string) ?? []
        bubblewrap = json["bwrap"]?.string
        if let member = json["container"] {
            guard let engine = member["engine"]?.string, let image = member["image"]?.string,
                let network = member["network"]?.string
            else { return nil }
            container = Container(
                engine: engine, image: image, network: network, executable: member["executable"]?.string)
        }
        guard kind != .uid || user != nil, kind != .bwrap || bubblewrap != nil, kind != .container || container != nil
        else { return nil }
    }
}
