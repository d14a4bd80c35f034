/// What a tool does, as an agent classifies it.
package enum ToolKind: String, CaseIterable, Sendable {
    case read, edit, delete, move, search, execute, think, fetch
    case switchMode = "switch_mode"
    case other

    /// Looks, and changes nothing.
    var isReading: Bool {
        switch self {
        case .read, .search, .think, .fetch: true
        case .edit, .delete, .move, .execute, .switchMode, .other: false
        }
    }
}
