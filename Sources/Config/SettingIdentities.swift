internal import JSON

/// The values of all settings, secrets among them, to be compared and never shown.
package struct SettingIdentities: Equatable, Sendable {
    private let values: [String: JSON]

    init(_ values: [String: JSON]) { self.values = values }

    subscript(_ path: String) -> Identity? { values[path].map(Identity.init) }

    struct Identity: Equatable { fileprivate let value: JSON }
}

extension SettingIdentities: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [] as [Mirror.Child]) }
}
