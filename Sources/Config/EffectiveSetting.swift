package import JSON

/// One line of `config show`.
package struct EffectiveSetting: Equatable, Sendable {
    package let path: String
    /// Secrets are `"***"`; a setting without value is `null`.
    package let value: JSON
    package let source: SettingSource
}
