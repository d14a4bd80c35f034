internal import CLinux
internal import Glibc
internal import JSON
internal import Wire

extension Confinement {
    /// Reads a confinement from its descriptor, and closes that.
    package static func receive() -> Confinement? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= maxBytes {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        close(descriptor)
        return (try? JSONParser.parse(bytes)).flatMap(Confinement.init)
    }

    /// Gives up what the command may not have, and becomes it. To be called by a process with one thread.
    /// - Returns: never, unless something failed: then nothing of the command has run.
    package func become() throws(AgentError) -> Never {
        let path = argv.first ?? ""
        // The order matters: limits and groups need what the change of the user gives up.
        for (resource, limit) in limits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard sallyport_limit_resource(resource.number, UInt64(limit)) == 0 else {
                throw .system(call: "setrlimit(\(resource.rawValue))", errno: errno)
            }
        }
        if let umask { _ = Glibc.umask(umask) }
        if let user {
            guard sallyport_give_up_privileges(user.uid, user.gid) == 0 else {
                throw .system(call: "changing to user \(user.name ?? "\(user.uid)")", errno: errno)
            }
        }
        if forbidsNewPrivileges, sallyport_forbid_new_privileges() != 0 {
            throw .system(call: "prctl(PR_SET_NO_NEW_PRIVS)", errno: errno)
        }
        if let workingDirectory, unsafe chdir(workingDirectory) != 0 {
            throw .workingDirectory(path: workingDirectory, errno: errno)
        }
        let error = unsafe withCStringVector(argv) { argv in
            unsafe withCStringVector(environment.map { "\($0.key)=\($0.value)" }) { environment in
                unsafe execve(path, argv, environment)
                return errno
            }
        }
        throw .spawnFailed(path: path, errno: error)
    }
}

extension Isolation.Resource {
    fileprivate var number: Int32 {
        switch self {
        case .as: sallyport_RLIMIT_AS
        case .nofile: sallyport_RLIMIT_NOFILE
        case .nproc: sallyport_RLIMIT_NPROC
        case .cpu: sallyport_RLIMIT_CPU
        case .fsize: sallyport_RLIMIT_FSIZE
        }
    }
}
