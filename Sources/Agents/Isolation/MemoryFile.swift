internal import CLinux
internal import Glibc

/// Owns a file that has no name: what a child gets to read, and nobody else.
package final class MemoryFile {
    package let descriptor: Int32

    package init(_ bytes: [UInt8]) throws(AgentError) {
        descriptor = unsafe sallyport_memory_file("sallyport")
        guard descriptor >= 0 else { throw .system(call: "memfd_create", errno: errno) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = errno
                close(descriptor)
                throw .system(call: "write to a memory file", errno: error)
            }
            rest = rest.dropFirst(count)
        }
        lseek(descriptor, 0, SEEK_SET)
    }

    deinit { close(descriptor) }
}
