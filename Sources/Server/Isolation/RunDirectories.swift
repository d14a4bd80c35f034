internal import Files
internal import Glibc
internal import Wire

/// Where the private directories of runs lie: in the state directory, or, for commands of another user, where that can get
/// at its own. Each has a name that only its run decides, so that any gateway of this state finds what another left.
struct RunDirectories: Sendable {
    let state: StateDirectory
    let shared: String

    /// - Parameter gatewayID: two gateways on one host do not meet there.
    init(_ state: StateDirectory, gatewayID: String, environment: [String: String]) {
        self.state = state
        shared = Self.base(environment) + "/sallyport-runs/" + gatewayID.prefix(16)
    }

    private static func base(_ environment: [String: String]) -> String {
        if let directory = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first { return String(directory) }
        if geteuid() == 0, Files.exists("/run") { return "/run" }
        return environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }

    func path(runID: String, _ isolation: Isolation) -> String {
        guard isolation.isSandbox, isolation.user != nil else { return state.childDirectory(runID: runID) }
        return shared + "/" + StateDirectory.directoryName(runID: runID)
    }

    /// That of a run which somebody else has launched.
    func existing(runID: String) -> String {
        let path = shared + "/" + StateDirectory.directoryName(runID: runID)
        return isSharedOurs && Files.exists(path) ? path : state.childDirectory(runID: runID)
    }

    /// Makes the directory that holds those of other users: they may pass, and see nothing.
    func prepareShared() throws(StartFailure) {
        for directory in [Files.parent(of: shared), shared] {
            do throws(FileError) {
                try Files.makeDirectory(directory, mode: 0o711)
            } catch {
                throw .configuration(
                    "cannot make \(directory), where isolated commands have their files: \(error)",
                    hint: "set RUNTIME_DIRECTORY or TMPDIR to a directory of the gateway's")
            }
            guard Self.isOurs(directory) else {
                throw .configuration(
                    "\(directory) is not the gateway's own directory", hint: "remove it: somebody else has made it")
            }
            // What the umask took away.
            unsafe chmod(directory, 0o711)
        }
    }

    /// Whether nobody else can have put something there, such as a link to what we would then remove.
    private var isSharedOurs: Bool { Self.isOurs(Files.parent(of: shared)) && Self.isOurs(shared) }

    private static func isOurs(_ directory: String) -> Bool {
        var status = stat()
        return unsafe lstat(directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    func remove(runID: String) {
        Files.removeTree(state.childDirectory(runID: runID))
        guard isSharedOurs else { return }
        Files.removeTree(shared + "/" + StateDirectory.directoryName(runID: runID))
    }

    /// Of runs other than these.
    func paths(besides runIDs: some Sequence<String>) -> [String] {
        let kept = Set(runIDs)
        guard isSharedOurs else { return state.childDirectories(besides: kept) }
        let names = Set(kept.map(StateDirectory.directoryName))
        return state.childDirectories(besides: kept)
            + Files.names(in: shared).filter { !names.contains($0) }.map { shared + "/" + $0 }
    }
}
