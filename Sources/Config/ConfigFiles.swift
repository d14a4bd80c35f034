internal import Files
internal import Glibc

/// The only part of this module that looks at the disk and at the process.
package enum ConfigFiles {
    package static let maxFileBytes = 4 << 20

    /// The variables of this process.
    package static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let assignment = unsafe String(cString: text)
            if let equals = assignment.firstIndex(of: "=") {
                variables[String(assignment[..<equals])] = String(assignment[assignment.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return variables
    }

    package static func exists(_ path: String) -> Bool { Files.exists(path) }

    /// Reads the files of `locations` and loads them.
    package static func load(
        _ locations: ConfigLocations, environment: [String: String], flags: [String: String] = [:]
    ) -> ConfigResult {
        var files: [ConfigInput.File] = []
        var problems: [ConfigProblem] = []
        for path in locations.files {
            do {
                files.append(ConfigInput.File(path: path, bytes: try Files.read(path, maxBytes: maxFileBytes)))
            } catch {
                let remedy = locations.isExplicit && path == locations.configFile ? "check --config" : nil
                problems.append(
                    ConfigProblem(.error, path: "", message: "cannot read \(error)", remedy: remedy))
            }
        }
        guard problems.isEmpty else { return ConfigResult(configuration: nil, problems: problems) }
        let input = ConfigInput(files: files, environment: environment, flags: flags)
        return ConfigLoader.load(input) { try? Files.read($0, maxBytes: maxFileBytes) }
    }
}
