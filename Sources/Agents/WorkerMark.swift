package import Files
package import JSON

/// The file in which a worker says which process it is and what for. Whoever comes after those that started it finds it
/// there. It lies where commands of other users cannot write, for it decides who is signalled.
package struct WorkerMark: Equatable, Sendable {
    private static let suffix = ".json"

    package let process: ProcessMark
    package let runID: String
    package let attempt: Int
    /// The run's private directory.
    package let directory: String
    /// The command that removes the run's container; empty without one.
    package let removal: [String]

    package init(process: ProcessMark, runID: String, attempt: Int, directory: String, removal: [String] = []) {
        self.removal = removal
        self.process = process
        self.runID = runID
        self.attempt = attempt
        self.directory = directory
    }

    /// The file for a private directory, which gives it its name.
    package static func path(in marks: String, directory: String) -> String {
        marks + "/" + (directory.split(separator: "/").last.map(String.init) ?? "") + suffix
    }

    /// Outlives all processes, and after a power cut says nothing: so it need not wait for the disk.
    package func write(_ path: String) throws(FileError) {
        try Files.writeAtomically(path, json.serialized(), isDurable: false)
    }

    /// All that there are, of processes that run and of others.
    package static func all(in marks: String) -> [(path: String, mark: WorkerMark)] {
        Files.names(in: marks).filter { $0.hasSuffix(suffix) }.sorted().compactMap { name in
            let path = marks + "/" + name
            if let mark = read(path) { return (path, mark) }
            // Not ours, or from before a crash of the disk: nothing can be known by it.
            Files.remove(path)
            return nil
        }
    }

    package static func read(_ path: String) -> WorkerMark? {
        guard let bytes = try? Files.read(path, maxBytes: 64 * 1024), let json = try? JSONParser.parse(bytes) else {
            return nil
        }
        return WorkerMark(json)
    }

    package var json: JSON {
        .object(
            JSONObject(
                process.fields + [
                    ("runId", .string(runID)), ("attempt", .integer(Int64(attempt))),
                    ("directory", .string(directory)), ("removal", .array(removal.map { .string($0) })),
                ]))
    }

    package init?(_ json: JSON) {
        guard let process = ProcessMark(json), let runID = json["runId"]?.string,
            let attempt = json["attempt"]?.integer, let directory = json["directory"]?.string
        else { return nil }
        self.init(
            process: process, runID: runID, attempt: Int(clamping: attempt), directory: directory,
            removal: json["removal"]?.array?.compactMap(\.string) ?? [])
    }
}
