internal import COpenSSL

/// Owns one reference to an `EVP_PKEY`.
///
/// `@unchecked Sendable`: it is not changed once made, and OpenSSL allows its use by several threads.
@safe final class PrivateKey: @unchecked Sendable {
    let handle: OpaquePointer

    /// Takes over one reference.
    init(owning handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    /// Reads the first private key of a PEM text, in any of the forms that OpenSSL knows.
    init(pem: String) throws(TLSError) {
        ErrorQueue.clear()
        let bio = MemoryBIO(pem)
        var asked = false
        // Without a callback OpenSSL would ask for a passphrase on the terminal.
        let key = unsafe withUnsafeMutablePointer(to: &asked) { asked in
            unsafe PEM_read_bio_PrivateKey(
                bio.handle, nil,
                { _, _, _, asked in
                    unsafe asked?.storeBytes(of: true, as: Bool.self)
                    return -1
                }, asked)
        }
        guard let key = unsafe key else {
            let reason = ErrorQueue.drainLastReason()
            throw asked ? .privateKeyEncrypted : .privateKeyUnreadable(reason: reason)
        }
        ErrorQueue.clear()
        unsafe handle = key
    }

    deinit { unsafe EVP_PKEY_free(handle) }
}
