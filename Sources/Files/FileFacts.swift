internal import Glibc

/// What stands under a name, without following a symbolic link.
package struct FileFacts: Equatable, Sendable {
    package enum Kind: Equatable, Sendable { case regular, symbolicLink, other }

    package struct Owner: Equatable, Sendable {
        package let user: UInt32
        package let group: UInt32

        static var current: Owner { Owner(user: geteuid(), group: getegid()) }
    }

    package let kind: Kind
    /// The permission bits.
    package let mode: UInt32
    package let owner: Owner

    /// Nil when there is nothing under that name.
    package init?(_ path: String) throws(FileError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            let code = errno
            guard code == ENOENT else { throw .failed(.open, path: path, errno: code) }
            return nil
        }
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFLNK: .symbolicLink
            default: .other
            }
        mode = status.st_mode & 0o777
        owner = Owner(user: status.st_uid, group: status.st_gid)
    }
}
