import Gateway
import JSON
import Store
import Trust
import Wire

/// One effect, decoded, in the order in which the shell would have performed it: a commit stands before what it allows.
enum Step {
    case respond(ConnectionID, JSON)
    case event(EventName, JSON, [ConnectionID])
    case open(ConnectionID, Admitted, JSON)
    case commit([StoreOperation])
    case commitFailed
    case launch(LaunchOrder)
    case launchLocally(LocalOrder)
    case beginLocal(String, attempt: Int)
    case stopWorker(String)
    case closeKept(String)
    case close(ConnectionID, GatewayClose)
    case log(LogLine)
    case configure(ConfigRequest, ConnectionID)

    /// The shape of a step, for comparing sequences.
    var name: String {
        switch self {
        case .respond(_, let frame): frame["ok"] == true ? "respond" : "refuse"
        case .event(let name, let payload, _):
            name == .agent ? "agent \(payload["stream"]?.string ?? "?")" : name.rawValue
        case .open: "open"
        case .commit: "commit"
        case .commitFailed: "commit failed"
        case .launch: "launch"
        case .launchLocally: "launch locally"
        case .beginLocal: "begin"
        case .stopWorker: "stop"
        case .closeKept: "close kept"
        case .close(_, let close): "close \(close.code)"
        case .log: "log"
        case .configure: "configure"
        }
    }
}

extension [Step] {
    /// Names without the log lines.
    var names: [String] { map(\.name).filter { $0 != "log" } }

    var launches: [LaunchOrder] {
        compactMap { if case .launch(let order) = $0 { order } else { nil } }
    }

    var localLaunches: [LocalOrder] {
        compactMap { if case .launchLocally(let order) = $0 { order } else { nil } }
    }

    var closes: [(ConnectionID, GatewayClose)] {
        compactMap { if case .close(let id, let close) = $0 { (id, close) } else { nil } }
    }

    var commits: [[StoreOperation]] {
        compactMap { if case .commit(let operations) = $0 { operations } else { nil } }
    }

    var stops: [String] {
        compactMap { if case .stopWorker(let id) = $0 { id } else { nil } }
    }

    func responses(to id: ConnectionID) -> [JSON] {
        compactMap { if case .respond(id, let frame) = $0 { frame } else { nil } }
    }

    func events(_ name: EventName) -> [(payload: JSON, to: [ConnectionID])] {
        compactMap { if case .event(name, let payload, let audience) = $0 { (payload, audience) } else { nil } }
    }

    /// Terminal lifecycle events of a run.
    func terminalEvents(of runID: String) -> [JSON] {
        events(.agent).map(\.payload).filter {
            $0["runId"] == .string(runID) && $0["stream"] == "lifecycle"
                && ($0["data"]?["phase"] == "end" || $0["data"]?["phase"] == "error")
        }
    }
}
