package import Files
internal import Glibc

/// Where private directories of runs lie whose commands are another user's: that user has to get at its own, and the state
/// directory lets nobody pass.
package struct SharedRuns: Equatable, Sendable {
    package let path: String

    /// - Parameter name: of whoever starts the commands, so that two of them on one host do not meet there.
    package init(name: some StringProtocol, environment: [String: String]) {
        path = Self.base(environment) + "/sallyport-runs/" + String(name)
    }

    private static func base(_ environment: [String: String]) -> String {
        if let directory = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first { return String(directory) }
        if geteuid() == 0, Files.exists("/run") { return "/run" }
        return environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }

    package enum Failure: Error, Equatable, Sendable {
        case unmakeable(String, FileError)
        /// Somebody else has made it, and could put a link where we would then write or remove.
        case foreign(String)
    }

    /// Others may pass, and see nothing.
    package func prepare() throws(Failure) {
        for directory in [Files.parent(of: path), path] {
            do throws(FileError) {
                try Files.makeDirectory(directory, mode: 0o711)
            } catch {
                throw .unmakeable(directory, error)
            }
            guard Self.isOurs(directory) else { throw .foreign(directory) }
            // What the umask took away.
            unsafe chmod(directory, 0o711)
        }
    }

    /// Whether nobody else can have put something there.
    package var isOurs: Bool { Self.isOurs(Files.parent(of: path)) && Self.isOurs(path) }

    private static func isOurs(_ directory: String) -> Bool {
        var status = stat()
        return unsafe lstat(directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }
}
