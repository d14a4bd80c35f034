internal import Gateway
internal import Wire

/// What is to be started for a run.
enum RunOrder: Sendable {
    case worker(LaunchOrder)
    case local(LocalOrder)

    var runID: String {
        switch self {
        case .worker(let order): order.runID
        case .local(let order): order.runID
        }
    }

    var isolation: Isolation {
        switch self {
        case .worker(let order): order.isolation
        case .local(let order): order.isolation
        }
    }
}
