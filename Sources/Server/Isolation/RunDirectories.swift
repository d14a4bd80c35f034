internal import Agents
internal import Files
internal import Wire

/// Where the private directories of runs lie: in the state directory, or, for commands of another user, where that can get
/// at its own. Each has a name that only its run decides, so that any gateway of this state finds what another left.
struct RunDirectories: Sendable {
    let state: StateDirectory
    let shared: SharedRuns

    init(_ state: StateDirectory, gatewayID: String, environment: [String: String]) {
        self.state = state
        shared = SharedRuns(name: gatewayID.prefix(16), environment: environment)
    }

    func path(runID: String, _ isolation: Isolation) -> String {
        guard isolation.isSandbox, isolation.user != nil else { return state.childDirectory(runID: runID) }
        return sharedPath(runID)
    }

    /// That of a run which somebody else has launched.
    func existing(runID: String) -> String {
        shared.isOurs && Files.exists(sharedPath(runID)) ? sharedPath(runID) : state.childDirectory(runID: runID)
    }

    private func sharedPath(_ runID: String) -> String {
        shared.path + "/" + StateDirectory.directoryName(runID: runID)
    }

    /// Makes the directory that holds those of other users.
    func prepareShared() throws(StartFailure) {
        do throws(SharedRuns.Failure) {
            try shared.prepare()
        } catch {
            switch error {
            case .unmakeable(let directory, let why):
                throw StartFailure(
                    .isolationDirectory,
                    "cannot make \(directory), where isolated commands have their files: \(why)",
                    hint: "set RUNTIME_DIRECTORY or TMPDIR to a directory of the gateway's")
            case .foreign(let directory):
                throw StartFailure(
                    .isolationDirectory, "\(directory) is not the gateway's own directory",
                    hint: "remove it: somebody else has made it")
            }
        }
    }

    func remove(runID: String) {
        Files.removeTree(state.childDirectory(runID: runID))
        if shared.isOurs { Files.removeTree(sharedPath(runID)) }
    }

    /// Of runs other than these.
    func paths(besides runIDs: some Sequence<String>) -> [String] {
        let kept = Set(runIDs)
        guard shared.isOurs else { return state.childDirectories(besides: kept) }
        let names = Set(kept.map(StateDirectory.directoryName))
        return state.childDirectories(besides: kept)
            + Files.names(in: shared.path).filter { !names.contains($0) }.map { shared.path + "/" + $0 }
    }
}
