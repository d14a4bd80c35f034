internal import Glibc

/// Why a process was not started, or not supervised.
package enum AgentError: Error, Equatable, Sendable {
    /// The command has no first word.
    case emptyCommand
    /// A name without `/` that no directory of the child's `PATH` has as an executable file.
    case notFound(name: String, searchPath: String)
    case workingDirectory(path: String, errno: Int32)
    /// Something that the kernel cannot take: a NUL byte, an environment name with `=`, a descriptor number out of
    /// range.
    case invalid(what: String)
    case spawnFailed(path: String, errno: Int32)
    /// A system call around the start failed, most often for want of descriptors.
    case system(call: String, errno: Int32)
}

extension AgentError: CustomStringConvertible {
    /// Says what happened and what to mend; no environment values and no arguments, which may hold secrets.
    package var description: String {
        switch self {
        case .emptyCommand:
            "the command is empty: configure at least the program to run"
        case .notFound(let name, let searchPath):
            "\"\(name)\" is not in PATH (\(searchPath.isEmpty ? "which is empty" : searchPath)): install it, "
                + "extend PATH or configure an absolute path"
        case .workingDirectory(let path, let errno):
            "cannot use the working directory \(path): \(Self.message(errno)); create it or configure another cwd"
        case .invalid(let what):
            what
        case .spawnFailed(let path, ENOENT):
            "cannot run \(path): it, or the interpreter in its first line, does not exist"
        case .spawnFailed(let path, EACCES):
            "cannot run \(path): permission denied; make it executable (chmod +x) for the gateway's user"
        case .spawnFailed(let path, ENOEXEC):
            "cannot run \(path): not a program of this machine; a script needs a first line such as #!/bin/sh"
        case .spawnFailed(let path, E2BIG):
            "cannot run \(path): arguments or environment are too long; hand the task over on standard input instead"
        case .spawnFailed(let path, let errno):
            "cannot run \(path): \(Self.message(errno))"
        case .system(let call, EMFILE), .system(let call, ENFILE):
            "\(call) failed: too many open files; raise the descriptor limit (ulimit -n, LimitNOFILE=)"
        case .system(let call, let errno):
            "\(call) failed: \(Self.message(errno))"
        }
    }

    private static func message(_ errno: Int32) -> String {
        guard let text = unsafe strerror(errno) else { return "error \(errno)" }
        return unsafe String(cString: text)
    }
}
