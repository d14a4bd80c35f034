package import JSON

/// What the decoder knows of one setting.
package struct SettingDescription: Equatable, Sendable {
    /// With `[]` for the elements of a list and `*` for names of the owner's: `agents.list[].subagents.maxConcurrent`.
    package let path: String
    package let shape: SettingShape
    package let defaultValue: JSON
    /// The variables that set it too, in order of precedence.
    package let variables: [String]
    package let reload: ReloadKind
    /// What it is for, in a sentence without a full stop.
    package let note: String

    package var isSecret: Bool { shape == .secret }
}
