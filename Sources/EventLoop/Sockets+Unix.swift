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

/// The file of a Unix socket.
package struct UnixSocketIdentity: Hashable, Sendable {
    package let path: String
    fileprivate let device: UInt64
    fileprivate let inode: UInt64
}

extension Sockets {
    /// Listens at `path`.
    ///
    /// A socket file that nobody listens on any more is replaced.
    /// - Parameter mode: Who may connect: writing to the file is what counts.
    /// - Throws: ``EventLoopError/addressInUse(_:)`` when somebody does, ``EventLoopError/notASocket(path:)``.
    package static func listenUnix(
        path: String, mode: UInt32 = 0o600, backlog: Int32 = defaultBacklog
    ) throws(EventLoopError) -> FileDescriptor {
        let address = SocketAddress.unix(path: path)
        let socket = try makeSocket(address)
        do {
            try bind(socket, to: address)
        } catch .addressInUse {
            guard isSocket(path) else { throw .notASocket(path: path) }
            guard isAbandoned(path) else { throw .addressInUse(address) }
            _ = unsafe unlink(path)
            try bind(socket, to: address)
        }
        // Nobody can connect before listen(), so there is no moment with wider permissions.
        guard unsafe chmod(path, mode) == 0 else { throw .system(call: "chmod", errno: errno) }
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

    /// Which file the socket at a path is, so that its maker can tell it from one that has come in its place.
    package static func identity(ofUnixSocket path: String) -> UnixSocketIdentity? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return UnixSocketIdentity(path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Removes the file of a socket that was listened on, unless another has come in its place.
    package static func removeUnixSocket(_ socket: UnixSocketIdentity) {
        guard identity(ofUnixSocket: socket.path) == socket else { return }
        _ = unsafe unlink(socket.path)
    }

    private static func isSocket(_ path: String) -> Bool { identity(ofUnixSocket: path) != nil }

    private static func isAbandoned(_ path: String) -> Bool {
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
