internal import Glibc

/// An entry of the user database.
package struct UserRecord: Equatable {
    package let name: String
    package let uid: UInt32
    package let gid: UInt32

    package init?(name: String) {
        unsafe self.init { entry, buffer, size, found in unsafe getpwnam_r(name, entry, buffer, size, found) }
    }

    package init?(uid: UInt32) {
        unsafe self.init { entry, buffer, size, found in unsafe getpwuid_r(uid, entry, buffer, size, found) }
    }

    private init?(
        _ look: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 64 * 1024)
        guard unsafe look(&entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.pw_name
        else { return nil }
        self.name = unsafe String(cString: name)
        uid = unsafe entry.pw_uid
        gid = unsafe entry.pw_gid
    }
}
