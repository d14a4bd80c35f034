import Glibc

/// Programs that a test can do without.
enum InstalledProgram {
    static func path(of name: String) -> String? {
        let directories = CommandLineTool.baseEnvironment["PATH"] ?? ""
        return directories.split(separator: ":").map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }
}
