import Client
import Synchronization

/// What clients asked for while the gateway was killed under them, and what they were told.
final class CrashLedger: Sendable {
    struct Effect: Hashable, Sendable {
        enum Kind: String, Sendable, CaseIterable { case approval, spawn, message, cronJob }

        let kind: Kind
        /// Made by the client, so that an effect can be found whether it was acknowledged or not.
        let name: String
        /// Of messages: where they are to be found.
        var sessionKey = ""
    }

    struct Acknowledgement: Sendable {
        /// Device id, run id or job id.
        let id: String
        var sessionKey = ""
    }

    private struct Contents {
        var acknowledged: [Effect: Acknowledgement] = [:]
        var asked: Set<Effect> = []
        var conflicts: [String] = []
        var refusals: [String: Int] = [:]
        var options: ConnectOptions?
        var isOver = false
    }

    private let contents = Mutex(Contents())

    /// Where the gateway is at the moment; nil while it is down.
    var options: ConnectOptions? {
        get { contents.withLock { $0.options } }
        set { contents.withLock { $0.options = newValue } }
    }

    var isOver: Bool { contents.withLock { $0.isOver } }
    func end() { contents.withLock { $0.isOver = true } }

    func ask(_ effect: Effect) { contents.withLock { _ = $0.asked.insert(effect) } }

    /// The gateway said that it has happened. Said twice with another id, it happened twice.
    func acknowledge(_ effect: Effect, _ answer: Acknowledgement) {
        contents.withLock { contents in
            if let before = contents.acknowledged.updateValue(answer, forKey: effect), before.id != answer.id {
                contents.conflicts.append("\(effect.kind) \(effect.name): \(before.id), then \(answer.id)")
            }
        }
    }

    /// An answer that is no failure of the connection: counted by its words.
    func refused(_ what: String) { contents.withLock { $0.refusals[what, default: 0] += 1 } }

    var acknowledged: [Effect: Acknowledgement] { contents.withLock { $0.acknowledged } }
    var asked: Set<Effect> { contents.withLock { $0.asked } }
    var conflicts: [String] { contents.withLock { $0.conflicts } }
    var refusals: [String: Int] { contents.withLock { $0.refusals } }
}
