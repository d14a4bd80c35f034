import Gateway
import Synchronization

/// Ids in order, so that a test can be replayed; remembers every token it gave out.
final class IdentifierSource: Sendable {
    private let state = Mutex<(uuids: Int, tokens: [String])>((0, []))

    var identifiers: Identifiers {
        Identifiers(uuid: { [self] in uuid() }, token: { [self] in token() })
    }

    var tokens: [String] { state.withLock { $0.tokens } }

    func uuid() -> String {
        state.withLock { state in
            state.uuids += 1
            return "00000000-0000-4000-8000-" + Self.padded(state.uuids, to: 12)
        }
    }

    func token() -> String {
        state.withLock { state in
            let token = "secret-token-" + Self.padded(state.tokens.count, to: 30)
            state.tokens.append(token)
            return token
        }
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
