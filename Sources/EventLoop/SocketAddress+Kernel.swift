internal import CLinux
internal import Glibc

extension SocketAddress {
    /// Calls `body` with the kernel's form of this address.
    internal func withKernelForm<Result>(
        _ body: (UnsafePointer<sockaddr_storage>, socklen_t) -> Result
    ) throws(EventLoopError) -> Result {
        var storage = sockaddr_storage()
        let length: socklen_t
        if let path {
            length = path.utf8.contains(0) ? 0 : unsafe sallyport_sockaddr_unix(&storage, path)
            guard length > 0 else { throw .unusablePath(path) }
        } else {
            let kernelFamily = family == .v4 ? AF_INET : AF_INET6
            length = unsafe sallyport_sockaddr_ip(&storage, kernelFamily, bytes, port, scope)
        }
        return unsafe body(&storage, length)
    }

    internal var kernelFamily: Int32 {
        switch family {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// `nil` for families that are none of ours.
    internal init?(_ storage: inout sockaddr_storage) {
        if Int32(storage.ss_family) == AF_UNIX {
            self = .unix(path: unsafe String(cString: sallyport_sockaddr_path(&storage)))
            return
        }
        let address = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress($0) }
        }
        guard let address else { return nil }
        self = address
    }

    internal init?(_ pointer: UnsafePointer<sockaddr>) {
        var bytes = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        var scope: UInt32 = 0
        switch unsafe sallyport_sockaddr_read(pointer, &bytes, &port, &scope) {
        case AF_INET: self.init(bytes: Array(bytes.prefix(4)), port: port)
        case AF_INET6: self.init(bytes: bytes, port: port, scope: scope)
        default: return nil
        }
    }
}
