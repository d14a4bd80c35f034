/// `isolation` of the agents: how a command is kept apart from the gateway that runs it. Nothing is looked up here.
package struct IsolationSettings: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable { case none, uid, bwrap, container }

    package enum Engine: String, CaseIterable, Sendable {
        /// Whichever is installed, Docker first.
        case auto
        case docker, podman
    }

    package struct Bind: Equatable, Sendable {
        package let path: String
        package let isWritable: Bool
    }

    package var kind = Kind.none
    /// A name or a number.
    package var user: String?
    /// nil: the user's own.
    package var gid: Int?
    /// Variables of the gateway that a command may see; nil: the usual ones.
    package var inheritedVariables: [String]?
    /// Comes before the agent's own.
    package var cwd: String?
    package var umask: Int?
    /// By the names of `ulimit`: `as`, `nofile`, `nproc`, `cpu`, `fsize`.
    package var limits: [String: Int] = [:]
    package var binds: [Bind] = []
    package var hidden: [String] = []
    package var image: String?
    package var engine = Engine.auto
    package var network = "host"
    /// Where the image has `sallyport`.
    package var executable: String?
    /// `agents.defaults.isolation` or that of an agent, for complaints.
    package var path = "agents.defaults.isolation"

    package init() {}

    package static let resources = ["as", "nofile", "nproc", "cpu", "fsize"]
}
