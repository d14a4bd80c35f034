internal import CLinux
internal import Glibc
internal import JSON
package import Wire

extension ChildProcess {
    /// Starts a worker in its own process group and hands it its orders over a pipe: they hold secrets.
    ///
    /// - Parameters:
    ///   - executable: this program.
    ///   - furtherOrders: of a worker whose agent is kept, where it reads the orders of further runs.
    package static func spawnWorker(
        _ bootstrap: WorkerBootstrap, executable: String, environment: [String: String], furtherOrders: Int32? = nil
    ) throws(AgentError) -> ChildProcess {
        let bytes = bootstrap.json.serialized()
        // What fits into the pipe is written without waiting for the reader.
        guard bytes.count <= WorkerBootstrap.maxBytes else {
            throw .invalid(what: "the orders, with their grant chain, are too long for a worker's pipe")
        }
        var ends: [Int32] = [-1, -1]
        guard unsafe sallyport_pipe_cloexec(&ends) == 0 else { throw .system(call: "pipe2", errno: errno) }
        defer { close(ends[0]) }
        do {
            defer { close(ends[1]) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe write(ends[1], $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw AgentError.system(call: "write", errno: errno) }
                rest.removeFirst(count)
            }
        }
        return try spawn(
            ProcessSpec(
                executable: executable, arguments: ["worker"], environment: environment, newProcessGroup: true,
                standardInput: .null, standardOutput: .null, standardError: .inherit,
                inherited: [.init(parent: ends[0], child: WorkerBootstrap.descriptor)]
                    + (furtherOrders.map { [.init(parent: $0, child: WorkerBootstrap.furtherOrders)] } ?? [])))
    }

    /// Starts what runs a command under us: it reads its orders from a file without a name, since they may be long, and
    /// speaks by its standard input and output.
    package static func spawnLocal(
        _ bootstrap: LocalBootstrap, executable: String, environment: [String: String]
    ) throws(AgentError) -> ChildProcess {
        let file = try MemoryFile(bootstrap.json.serialized())
        return try withExtendedLifetime(file) { () throws(AgentError) in
            try spawn(
                ProcessSpec(
                    executable: executable, arguments: ["worker"], environment: environment, newProcessGroup: true,
                    standardInput: .pipe, standardOutput: .pipe, standardError: .inherit,
                    inherited: [.init(parent: file.descriptor, child: WorkerBootstrap.descriptor)]))
        }
    }
}
