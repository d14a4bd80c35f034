internal import Files
internal import Glibc

/// The sign by which others see that a worker lives: a lock on a file in its directory, which ends with its process.
package enum LivingWorker {
    private static let name = "worker.lock"

    /// To be kept for as long as the worker lives. Best effort: without it the worker may be taken for gone.
    static func sign(in directory: String) -> FileLock? {
        try? FileLock(directory + "/" + name, holder: "\(getpid())\n")
    }

    /// Whether the worker whose directory this is lives. One that has not come so far yet counts as gone.
    package static func isThere(in directory: String) -> Bool {
        do throws(FileError) {
            _ = try FileLock(directory + "/" + name, holder: "")
            return false
        } catch {
            if case .locked = error { return true }
            return false
        }
    }
}
