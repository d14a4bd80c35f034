internal import Config

/// The setting that somebody meant.
enum KeyGuess {
    /// - Returns: a hint; nil when nothing is near.
    static func nearest(to path: String) -> String? {
        if let instead = SettingCatalog.meant(by: path) { return "use \(instead)" }
        let pattern = SettingCatalog.pattern(path)
        let near = EditDistance.nearest(to: pattern, among: SettingCatalog.shared.settings.map(\.path))
        return near.map { "did you mean \($0)?" }
    }
}
