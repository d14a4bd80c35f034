internal import Glibc

/// Replaces the running program by another, in the same process.
package enum ProcessImage {
    /// Comes back only when it failed. Descriptors without close-on-exec, the signal mask and the children stay.
    ///
    /// - Returns: errno.
    package static func replace(executable: String, arguments: [String], environment: [String: String]) -> Int32 {
        let entries = environment.map { "\($0.key)=\($0.value)" }.sorted()
        return unsafe withCStringVector([executable] + arguments) { argv in
            unsafe withCStringVector(entries) { envp in
                _ = unsafe execve(executable, argv, envp)
                return errno
            }
        }
    }
}
