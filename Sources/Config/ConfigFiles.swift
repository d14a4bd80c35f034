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
        var loader = Loader(environment: environment, flags: flags)
        return loader.read(locations).result
    }

    /// One reading.
    struct Loader {
        let environment: [String: String]
        let flags: [String: String]
        let readsSettingVariables: Bool
        private var files: [ConfigInput.File] = []
        private var problems: [ConfigProblem] = []

        init(environment: [String: String], flags: [String: String], readsSettingVariables: Bool = true) {
            self.environment = environment
            self.readsSettingVariables = readsSettingVariables
            self.flags = flags
        }

        mutating func read(_ locations: ConfigLocations, replacing replacement: [UInt8]? = nil) -> ConfigSource.Reading
        {
            let main = locations.configFile ?? replacement.map { _ in locations.defaultConfigFile }
            if let main { add(main, replacement, locations) }
            for path in locations.supplements { add(path, nil, locations) }
            let read = files.first { $0.path == main }
            let seen = PathsSeen(locations.candidates)
            guard problems.isEmpty else {
                return ConfigSource.Reading(
                    locations: locations, main: read,
                    result: ConfigResult(configuration: nil, problems: problems), paths: seen.paths)
            }
            var input = ConfigInput(files: files, environment: environment, flags: flags)
            input.readsSettingVariables = readsSettingVariables
            let result = ConfigLoader.load(
                input,
                readFile: { path in
                    seen.paths.insert(path)
                    return try? Files.read(path, maxBytes: maxFileBytes)
                }, runCommand: SecretProgram.run)
            return ConfigSource.Reading(locations: locations, main: read, result: result, paths: seen.paths)
        }

        private mutating func add(_ path: String, _ replacement: [UInt8]?, _ locations: ConfigLocations) {
            do throws(FileError) {
                let bytes =
                    if let replacement { replacement } else { try Files.read(path, maxBytes: maxFileBytes) }
                files.append(ConfigInput.File(path: path, bytes: bytes))
            } catch {
                let remedy = locations.isExplicit && path == locations.configFile ? "check --config" : nil
                problems.append(
                    ConfigProblem(.error, .unreadable, path: "", message: "cannot read \(error)", remedy: remedy))
            }
        }
    }

    private final class PathsSeen {
        var paths: Set<String>

        init(_ paths: [String]) { self.paths = Set(paths) }
    }
}
