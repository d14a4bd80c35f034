/// What follows from a changed configuration.
package struct ReloadPlan: Equatable, Sendable {
    /// Settings that are to be applied now.
    package let applied: [String]
    /// Settings whose new value waits for a restart, also from earlier changes.
    package let restart: [String]

    /// - Parameters:
    ///   - started: what the process was started with.
    ///   - applied: what was applied last.
    ///   - next: the valid configuration that is there now.
    package init(started: Configuration, applied: Configuration, next: Configuration) {
        let waits = { (path: String) in
            ReloadKind(of: path) == .restart || next.gateway.reload.mode == .restart && path != "gateway.reload.mode"
        }
        self.applied = next.changes(from: applied).filter { ReloadKind(of: $0) != .none && !waits($0) }
        restart = next.changes(from: started).filter { ReloadKind(of: $0) != .none && waits($0) }
    }

    package var isEmpty: Bool { applied.isEmpty && restart.isEmpty }
}

extension Configuration {
    /// The paths whose value is another, in order; secrets are compared without being shown.
    package func changes(from other: Configuration) -> [String] {
        let paths = effective.map(\.path) + other.effective.map(\.path).filter { identities[$0] == nil }
        return paths.filter { identities[$0] != other.identities[$0] }
    }
}
