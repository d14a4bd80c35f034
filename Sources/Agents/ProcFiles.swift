internal import Glibc

/// Reads `/proc`. A process may vanish at any moment, so whatever cannot be read is simply absent.
enum ProcFiles {
    private static let maxStatBytes = 4096
    /// What `execve` accepts in all with the default stack limit.
    private static let maxEnvironmentBytes = 2 << 20

    static func processIDs() -> [Int32] {
        guard let directory = unsafe opendir("/proc") else { return [] }
        defer { unsafe closedir(directory) }
        var pids: [Int32] = []
        while let entry = unsafe readdir(directory) {
            let pid = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                    Int32(unsafe String(cString: $0))
                }
            }
            if let pid, pid > 0 { pids.append(pid) }
        }
        return pids
    }

    static func stat(of pid: Int32) -> ProcStat? {
        guard let bytes = read("/proc/\(pid)/stat", limit: maxStatBytes) else { return nil }
        return ProcStat.parse(bytes)
    }

    /// Another after each boot of the kernel.
    static let bootID =
        read("/proc/sys/kernel/random/boot_id", limit: 64).map { bytes in
            String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        } ?? ""

    /// Whether the process was started with exactly this `NAME=value` entry.
    static func environment(of pid: Int32, contains entry: String) -> Bool {
        guard let bytes = read("/proc/\(pid)/environ", limit: maxEnvironmentBytes) else { return false }
        return bytes.split(separator: 0).contains { $0.elementsEqual(entry.utf8) }
    }

    private static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = unsafe Glibc.read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
            if count < 0 { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}
