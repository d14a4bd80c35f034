import Client
import JSON
import Synchronization

/// What was accepted while everything was killed and cut, and what came of it.
final class ChaosLedger: Sendable {
    struct Tree: Hashable, Sendable {
        let name: String
    }

    private struct Contents {
        var accepted: [Tree: GatewayClient.Spawned] = [:]
        var results: [String: JSON] = [:]
        var problems: [String] = []
        var options: ConnectOptions?
        var isOver = false
    }

    private let contents = Mutex(Contents())

    /// Where the gateway is; nil while it is down.
    var options: ConnectOptions? {
        get { contents.withLock { $0.options } }
        set { contents.withLock { $0.options = newValue } }
    }

    var accepted: [Tree: GatewayClient.Spawned] { contents.withLock { $0.accepted } }
    var results: [String: JSON] { contents.withLock { $0.results } }
    var problems: [String] { contents.withLock { $0.problems } }
    var isOver: Bool { contents.withLock { $0.isOver } }

    func giveUp() { contents.withLock { $0.isOver = true } }

    func accept(_ tree: Tree, _ run: GatewayClient.Spawned) {
        contents.withLock { contents in
            if let before = contents.accepted.updateValue(run, forKey: tree), before.runID != run.runID {
                contents.problems.append("\(tree.name) was accepted twice: \(before.runID), \(run.runID)")
            }
        }
    }

    /// A result may come more than once, but it is always the same.
    func arrived(_ run: GatewayClient.Spawned, _ result: JSON) {
        contents.withLock { contents in
            if let before = contents.results.updateValue(result, forKey: run.runID), before != result {
                contents.problems.append("\(run.runID) has two results: \(before), \(result)")
            }
        }
    }
}
