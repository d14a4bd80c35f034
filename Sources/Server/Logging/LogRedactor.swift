internal import Config
internal import Text

/// Takes out of the log what nobody may read there, should it ever get that far.
struct LogRedactor: Sendable {
    /// A shorter one would take harmless words out as well.
    static let minBytes = 8

    private var secrets: [String] = []

    mutating func hide(_ secret: Secret) {
        let text = secret.value
        if text.utf8.count >= Self.minBytes, !secrets.contains(text) { secrets.append(text) }
    }

    func redacted(_ text: String) -> String {
        guard secrets.contains(where: { text.contains($0) }) else { return text }
        return secrets.reduce(text) { $0.replacing($1, with: "[redacted]") }
    }
}
