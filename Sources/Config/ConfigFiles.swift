internal import Glibc

/// Why a file could not be read.
package enum ConfigFileError: Error, Equatable, Sendable {
    case notARegularFile
    case tooLarge(limit: Int)
    /// `errno` of the failed call.
    case failed(errno: Int32)
}

extension ConfigFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notARegularFile: "not a regular file"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .failed(ENOENT): "no such file"
        case .failed(EACCES): "permission denied"
        case .failed(let errno): "error \(errno)"
        }
    }
}

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

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Reads a whole regular file; symbolic links are followed.
    package static func read(_ path: String, maxBytes: Int = maxFileBytes) throws(ConfigFileError) -> [UInt8] {
        // Without O_NONBLOCK, a named pipe would keep us waiting for a writer.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .failed(errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .failed(errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile }
        guard Int(status.st_size) <= maxBytes else { throw .tooLarge(limit: maxBytes) }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .failed(errno: errno) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            // It may have grown since.
            guard bytes.count <= maxBytes else { throw .tooLarge(limit: maxBytes) }
        }
    }

    /// Reads the files of `locations` and loads them.
    package static func load(
        _ locations: ConfigLocations, environment: [String: String], flags: [String: String] = [:]
    ) -> ConfigResult {
        var files: [ConfigInput.File] = []
        var problems: [ConfigProblem] = []
        for path in locations.files {
            do {
                files.append(ConfigInput.File(path: path, bytes: try read(path)))
            } catch {
                let remedy = locations.isExplicit && path == locations.configFile ? "check --config" : nil
                problems.append(
                    ConfigProblem(.error, path: "", message: "cannot read \(path): \(error)", remedy: remedy))
            }
        }
        guard problems.isEmpty else { return ConfigResult(configuration: nil, problems: problems) }
        let input = ConfigInput(files: files, environment: environment, flags: flags)
        return ConfigLoader.load(input) { try? read($0) }
    }
}
