/// Commits on their way from any thread to the writer's.
typealias CommitQueue = WaitingQueue<CommitCall>

struct CommitCall: Sendable {
    let operations: [StoreOperation]
    let completion: @Sendable (Result<Void, StoreError>) -> Void
}

extension WaitingQueue.Refusal {
    var error: StoreError {
        switch self {
        case .closed: .closed
        case .full(let limit): .overloaded(limit: limit)
        }
    }
}
