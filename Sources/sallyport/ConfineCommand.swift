internal import Agents

/// Between a worker and a command that may do less than it.
enum ConfineCommand {
    static let command = Command(
        "confine", summary: "Becomes a command that may do less (started by workers).", isHidden: true
    ) { _ in
        guard let confinement = Confinement.receive() else {
            throw CommandFailure(.notByHand, "sallyport confine is started by a worker, not by hand")
        }
        do throws(AgentError) {
            try confinement.become()
        } catch {
            throw CommandFailure(.confinement, error.description)
        }
    }
}
