internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc
internal import JSON
internal import Synchronization

/// Appends to the logs of ACP children, on a thread of its own that starts with the first line.
final class StreamLogWriter: Sendable {
    /// What waits for a slow disk beyond this is left out, and the log says so.
    private static let maxQueuedBytes = 8 << 20

    private struct Queue {
        var lines: [(id: String, bytes: [UInt8])] = []
        var bytes = 0
        var omitted: Set<String> = []
        var isAwaited = false
        var thread: ReactorThread?
    }

    private let directory: String
    private let queue = Mutex(Queue())

    /// - Parameter stateDirectory: an absolute path.
    init(stateDirectory: String) {
        directory = stateDirectory + StreamLog.directory
    }

    func append(_ lines: [StreamLog.Line]) {
        enqueue { queue in
            for line in lines {
                let bytes = line.json.serialized() + [UInt8(ascii: "\n")]
                guard queue.bytes + bytes.count <= Self.maxQueuedBytes else {
                    queue.omitted.insert(line.id)
                    continue
                }
                queue.bytes += bytes.count
                queue.lines.append((line.id, bytes))
            }
        }
    }

    /// Removes logs that were last written before a time, save those of sessions that are there.
    func purge(keeping ids: Set<String>, beforeMs: Int64) {
        guard Files.exists(directory), let thread = thread() else { return }
        thread.handle.enqueue { [directory] _ in
            for name in Files.names(in: directory) where name.hasSuffix(StreamLog.suffix) {
                guard !ids.contains(String(name.dropLast(StreamLog.suffix.count))) else { continue }
                var status = stat()
                let path = directory + "/" + name
                guard unsafe lstat(path, &status) == 0, Int64(status.st_mtim.tv_sec) * 1000 < beforeMs else { continue }
                Files.remove(path)
            }
        }
    }

    /// Writes what waits. To be called when nobody appends any more.
    func close() {
        guard let thread = queue.withLock({ $0.thread }) else { return }
        thread.handle.enqueue { [self] _ in writeQueued() }
        thread.handle.stop()
        thread.join()
    }

    private func enqueue(_ body: (inout Queue) -> Void) {
        let mustWake = queue.withLock { queue -> Bool in
            body(&queue)
            defer { queue.isAwaited = true }
            return !queue.isAwaited
        }
        guard mustWake, let thread = thread() else { return }
        thread.handle.enqueue { [self] _ in writeQueued() }
    }

    private func thread() -> ReactorThread? {
        queue.withLock { queue in
            if queue.thread == nil { queue.thread = try? Reactor.spawnThread(name: "stream-log") { _ in } }
            return queue.thread
        }
    }

    private func writeQueued() {
        let (lines, omitted) = queue.withLock { queue in
            defer { (queue.lines, queue.bytes, queue.omitted, queue.isAwaited) = ([], 0, [], false) }
            return (queue.lines, queue.omitted)
        }
        var texts: [String: [UInt8]] = [:]
        for (id, bytes) in lines { texts[id, default: []] += bytes }
        for id in omitted { texts[id, default: []] += Self.notice("omitted") }
        if !texts.isEmpty { try? Files.makeDirectory(directory) }
        // A log that cannot be written is one that the child does without.
        for (id, bytes) in texts { append(bytes, to: directory + "/" + id + StreamLog.suffix) }
    }

    private func append(_ bytes: [UInt8], to path: String) {
        let raw = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard raw >= 0 else { return }
        let file = FileDescriptor(owning: raw)
        var status = stat()
        guard unsafe fstat(file.raw, &status) == 0, status.st_size < StreamLog.maxFileBytes else { return }
        let room = Int(StreamLog.maxFileBytes - Int64(status.st_size))
        guard bytes.count >= room else {
            try? Files.writeAll(file.raw, bytes, path: path)
            return
        }
        // Whole lines, then the last one, which makes the file as long as it gets.
        let end = bytes[..<room].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        var rest = Array(bytes[..<end]) + Self.notice("truncated")
        let missing = Int(StreamLog.maxFileBytes) - Int(status.st_size) - rest.count
        if missing > 0 {
            rest.removeLast()
            rest += [UInt8](repeating: UInt8(ascii: " "), count: missing) + [UInt8(ascii: "\n")]
        }
        try? Files.writeAll(file.raw, rest, path: path)
    }

    private static func notice(_ kind: String) -> [UInt8] {
        let line: JSON = ["kind": .string(kind)]
        return line.serialized() + [UInt8(ascii: "\n")]
    }
}
