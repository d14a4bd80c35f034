internal import Glibc

/// Finds the file for a command name, as `execvp` would in the child.
package enum ExecutableSearch {
    /// The path of a program; nil: there is none of that name.
    package static func find(_ name: String, searchPath: String) -> String? {
        try? resolve(name, searchPath: searchPath)
    }

    /// A name with `/` is a path already; whether it can be run is the kernel's to say.
    ///
    /// Relative and empty entries of `PATH` are passed over: an agent's working directory is no place to find programs
    /// in.
    static func resolve(_ name: String, searchPath: String) throws(AgentError) -> String {
        if name.isEmpty { throw .emptyCommand }
        if name.utf8.contains(UInt8(ascii: "/")) { return name }
        var denied: String?
        for directory in searchPath.split(separator: ":") where directory.utf8.first == UInt8(ascii: "/") {
            let candidate = "\(directory)/\(name)"
            guard isRegularFile(candidate) else { continue }
            if unsafe access(candidate, X_OK) == 0 { return candidate }
            denied = denied ?? candidate
        }
        if let denied { throw .spawnFailed(path: denied, errno: EACCES) }
        throw .notFound(name: name, searchPath: searchPath)
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var information = stat()
        return unsafe stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
    }

    static func checkDirectory(_ path: String) throws(AgentError) {
        var information = stat()
        guard unsafe stat(path, &information) == 0 else { throw .workingDirectory(path: path, errno: errno) }
        guard information.st_mode & S_IFMT == S_IFDIR else { throw .workingDirectory(path: path, errno: ENOTDIR) }
        guard unsafe access(path, X_OK) == 0 else { throw .workingDirectory(path: path, errno: errno) }
    }
}
