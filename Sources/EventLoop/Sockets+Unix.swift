internal import CLinux
internal import Glibc

/// Who is at the other end of a Unix socket, as the kernel noted at connect time.
package struct PeerCredentials: Hashable, Sendable {
    package let processID: Int32
    package let userID: UInt32
    package let groupID: UInt32

    package init(processID: Int32, userID: UInt32, groupID: UInt32) {
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
    }
}

extension Sockets {
    /// Listens at `path` with mode 0600.
    ///
    /// A socket file that nobody listens on any more is replaced.
    /// - Throws: ``EventLoopError/addressInUse(_:)`` when somebody does, or when the path is no socket.
    package static func listenUnix(
        path: String, backlog: Int32 = defaultBacklog
    ) throws(EventLoopError) -> FileDescriptor {
        let address = SocketAddress.unix(path: path)
        let socket = try makeSocket(address)
        do {
            try bind(socket, to: address)
        } catch .addressInUse {
            guard isAbandonedSocket(path) else { throw .addressInUse(address) }
            _ = unsafe unlink(path)
            try bind(socket, to: address)
        }
        // Nobody can connect before listen(), so there is no moment with wider permissions.
        guard unsafe chmod(path, 0o600) == 0 else { throw .system(call: "chmod", errno: errno) }
        guard Glibc.listen(socket.raw, backlog) == 0 else { throw .system(call: "listen", errno: errno) }
        return socket
    }

    package static func connectUnix(path: String) throws(EventLoopError) -> FileDescriptor {
        try connect(to: .unix(path: path))
    }

    package static func peerCredentials(
        of socket: borrowing FileDescriptor
    ) throws(EventLoopError) -> PeerCredentials {
        var peer = sallyport_peer()
        guard unsafe sallyport_peer_credentials(socket.raw, &peer) == 0
        else { throw .system(call: "getsockopt(SO_PEERCRED)", errno: errno) }
        return PeerCredentials(processID: peer.pid, userID: peer.uid, groupID: peer.gid)
    }

    private static func isAbandonedSocket(_ path: String) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        do {
            _ = try connectUnix(path: path)
            return false
        } catch .system(_, ECONNREFUSED) {
            return true
        } catch {
            return false
        }
    }
}
