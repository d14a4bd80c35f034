internal import Synchronization

/// The children that a ``ChildProcess`` stands for. Everything else below us was adopted.
enum SpawnedChildren {
    private static let spawning = Mutex<Void>(())
    private static let pids = Mutex<Set<Int32>>([])

    /// Runs `start` and notes its pid before anybody can ask for a ``snapshot()``.
    static func register(_ start: () throws(AgentError) -> Int32) throws(AgentError) -> Int32 {
        let result = spawning.withLock { _ -> Result<Int32, AgentError> in
            do throws(AgentError) {
                let pid = try start()
                pids.withLock { _ = $0.insert(pid) }
                return .success(pid)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    static func forget(_ pid: Int32) {
        pids.withLock { _ = $0.remove(pid) }
    }

    /// Waits for a start in progress: its child exists before its pid is noted.
    static func snapshot() -> Set<Int32> {
        spawning.withLock { _ in pids.withLock { $0 } }
    }
}
