internal import CLinux
internal import Glibc

extension ChildProcess {
    /// Starts a process by `posix_spawn`. Returns when the program has been loaded, so a missing one is an error here.
    ///
    /// Blocks for about a millisecond; a reactor leaves it to another thread.
    package static func spawn(_ spec: ProcessSpec) throws(AgentError) -> ChildProcess {
        let path = try ExecutableSearch.resolve(spec.executable, searchPath: spec.environment["PATH"] ?? "")
        if let directory = spec.workingDirectory {
            try ExecutableSearch.checkDirectory(directory)
        }
        let arguments = [spec.executable] + spec.arguments
        let environment = try environmentEntries(spec.environment)
        let strings = [path, spec.workingDirectory ?? ""] + arguments + environment
        guard !strings.contains(where: { $0.utf8.contains(0) }) else {
            throw .invalid(what: "a NUL byte cannot be part of a path, an argument or the environment")
        }
        let descriptors = try DescriptorPlan(spec)
        sallyport_keep_exit_statuses()

        let actions = try SpawnActions(descriptors, workingDirectory: spec.workingDirectory)
        let attributes = try SpawnAttributes(newSession: spec.newSession, newProcessGroup: spec.newProcessGroup)
        let pid = try SpawnedChildren.register { () throws(AgentError) in
            var pid: pid_t = 0
            let error = unsafe withCStringVector(arguments) { argv in
                unsafe withCStringVector(environment) { envp in
                    // The two own what their pointers point to, and may not go before the call is over.
                    withExtendedLifetime((actions, attributes)) {
                        unsafe posix_spawn(&pid, path, actions.pointer, attributes.pointer, argv, envp)
                    }
                }
            }
            guard error == 0 else { throw .spawnFailed(path: path, errno: error) }
            return pid
        }

        // Nobody else reaps our children, so the pid still means this one.
        let pidfd = sallyport_pidfd_open(pid)
        guard pidfd >= 0 else {
            let error = errno
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            SpawnedChildren.forget(pid)
            throw .system(call: "pidfd_open", errno: error)
        }
        descriptors.releaseParentEnds()
        return ChildProcess(
            pid: pid, pidfd: pidfd, leadsGroup: spec.newSession || spec.newProcessGroup,
            standardInput: descriptors.standardInput, standardOutput: descriptors.standardOutput,
            standardError: descriptors.standardError)
    }

    private static func environmentEntries(_ environment: [String: String]) throws(AgentError) -> [String] {
        var entries: [String] = []
        entries.reserveCapacity(environment.count)
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")) else {
                throw .invalid(what: "\"\(name)\" cannot be the name of an environment variable")
            }
            entries.append("\(name)=\(value)")
        }
        // Sorted, so that the same environment always looks the same.
        entries.sort()
        return entries
    }
}

/// Calls `body` with a null-terminated vector of copies, which are freed afterwards.
func withCStringVector<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer {
        unsafe pointers.forEach { unsafe free($0) }
    }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the vector has at least its terminator") }
        return unsafe body(base)
    }
}
