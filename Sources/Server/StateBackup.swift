internal import Files
internal import Glibc
internal import Store

/// A copy of what a gateway needs to be itself elsewhere or again: database, identities, token, certificates,
/// configuration. The gateway may run meanwhile.
///
/// The copy is a directory like the state directory, so that restoring is copying it back.
package struct StateBackup {
    /// Directories of small files that are copied as they are.
    private static let directories = ["identity", "gateway", "gateway/tls"]
    private static let configurations = ["openclaw.json", "sallyport.json", "gateway.json"]
    private static let maxBytes = 16 << 20

    /// Where the copy is, and what is in it, by the names that it has there.
    package let output: String
    package private(set) var files: [String] = []

    /// - Parameters:
    ///   - output: must not exist yet. Until it is complete it is called `<output>.partial`.
    ///   - configurations: files outside of the state directory; they go to `config/`.
    package init(of state: StateDirectory, to output: String, configurations: [String]) throws(StartFailure) {
        self.output = output
        guard Files.exists(state.database) else {
            throw StartFailure(
                .backupSource, "there is no gateway in \(state.path)", hint: "name its state directory with --state-dir"
            )
        }
        guard !output.hasPrefix(state.path + "/") else {
            throw StartFailure(
                .backupTarget, "the backup would lie in the state directory itself", hint: "choose another --output")
        }
        let partial = output + ".partial"
        for path in [output, partial] where Files.exists(path) {
            throw StartFailure(.backupTarget, "\(path) exists already", hint: "remove it, or choose another --output")
        }
        do {
            try copyAll(state, to: partial, configurations)
            try Files.move(partial, to: output)
        } catch {
            Files.removeTree(partial)
            throw Self.failure(error)
        }
    }

    private mutating func copyAll(
        _ state: StateDirectory, to partial: String, _ configurations: [String]
    ) throws {
        try Files.makeDirectory(partial)
        try Files.makeDirectory(partial + "/state")
        let database = "state/sallyport.sqlite"
        try SQLiteStore.backup(state.database, to: partial + "/" + database)
        files.append(database)
        for directory in Self.directories {
            let names = Files.names(in: state.path + "/" + directory).sorted()
            guard !names.isEmpty else { continue }
            try Files.makeDirectory(partial + "/" + directory)
            for name in names { try copy(state.path, directory + "/" + name, to: partial) }
        }
        for name in Self.configurations { try copy(state.path, name, to: partial) }
        for path in configurations where !path.hasPrefix(state.path + "/") {
            try Files.makeDirectory(partial + "/config")
            let name = "config/" + (path.split(separator: "/").last.map(String.init) ?? "openclaw.json")
            guard !files.contains(name) else { continue }
            try Files.createExclusively(partial + "/" + name, try Files.read(path, maxBytes: Self.maxBytes))
            files.append(name)
        }
    }

    /// Regular files only; half-written ones of somebody who is at it are left out.
    private mutating func copy(_ from: String, _ name: String, to partial: String) throws {
        guard !name.hasSuffix(".tmp"), !name.hasSuffix(".lock") else { return }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.read(from + "/" + name, maxBytes: Self.maxBytes)
        } catch {
            // Directories, sockets, and what went away meanwhile.
            if case .notARegularFile = error { return }
            if error.isMissing { return }
            throw error
        }
        try Files.createExclusively(partial + "/" + name, bytes)
        files.append(name)
    }

    private static func failure(_ error: any Error) -> StartFailure {
        let what =
            switch error {
            case let error as StoreError: "the store: \(error)"
            case let error as FileError: error.description
            default: "the state: \(error)"
            }
        return StartFailure(.backupFailed, "cannot back up \(what); nothing of the backup stays")
    }
}
