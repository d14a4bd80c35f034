internal import COpenSSL
internal import Crypto
internal import Synchronization

/// The keys that session tickets are sealed with (RFC 5077 §4), shared by the contexts of all reactors so that a client
/// may resume on any of them. The key before the present one still opens tickets.
final class TicketKeys: Sendable {
    private struct Key {
        let name = SecureRandom.bytes(16)
        var cipherKey = SecureRandom.bytes(32)
        var macKey = SecureRandom.bytes(32)

        mutating func erase() {
            wipe(&cipherKey)
            wipe(&macKey)
        }
    }

    /// The present key, then the one before.
    private let keys = Mutex<[Key]>([Key()])

    deinit {
        keys.withLock { keys in
            for index in keys.indices { keys[index].erase() }
        }
    }

    /// Makes a new present key and forgets the one before the last.
    func rotate() {
        let fresh = Key()
        keys.withLock { keys in
            keys.insert(fresh, at: 0)
            while keys.count > 2 {
                var old = keys.removeLast()
                old.erase()
            }
        }
    }

    /// Has `context` seal and open its tickets with these keys. The caller keeps them alive as long as any `SSL` of
    /// `context`.
    func install(in context: OpaquePointer) -> Bool {
        guard unsafe SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque()) == 1 else {
            return false
        }
        return unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, isSealing in
            guard let keys = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0), let name = unsafe name,
                let iv = unsafe iv, let cipher = unsafe cipher, let mac = unsafe mac
            else { return -1 }
            let ring = unsafe Unmanaged<TicketKeys>.fromOpaque(keys).takeUnretainedValue()
            return isSealing == 1
                ? unsafe ring.seal(name: name, iv: iv, cipher: cipher, mac: mac)
                : unsafe ring.open(name: name, iv: iv, cipher: cipher, mac: mac)
        } == 1
    }

    /// - Returns: 1, or -1 for an error, as SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks.
    private func seal(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer
    ) -> Int32 {
        keys.withLock { keys in
            let key = keys[0]
            unsafe name.update(from: key.name, count: key.name.count)
            guard unsafe RAND_bytes(iv, 16) == 1,
                unsafe EVP_EncryptInit_ex(cipher, TicketCipher.aes256CBC.handle, nil, key.cipherKey, iv) == 1,
                unsafe sallyport_ticket_mac_init(mac, key.macKey, key.macKey.count) == 1
            else { return -1 }
            return 1
        }
    }

    /// - Returns: 1; 2 when the ticket should be replaced; 0 when it is of another key, so that a full handshake
    ///   follows; -1 for an error.
    private func open(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer
    ) -> Int32 {
        keys.withLock { keys in
            let wanted = unsafe UnsafeBufferPointer(start: name, count: 16)
            guard let index = keys.firstIndex(where: { unsafe $0.name.elementsEqual(wanted) }) else { return 0 }
            let key = keys[index]
            guard unsafe EVP_DecryptInit_ex(cipher, TicketCipher.aes256CBC.handle, nil, key.cipherKey, iv) == 1,
                unsafe sallyport_ticket_mac_init(mac, key.macKey, key.macKey.count) == 1
            else { return -1 }
            return index == 0 ? 1 : 2
        }
    }
}

/// AES-256 in CBC mode, looked up once per process.
///
/// `@unchecked Sendable`: an `EVP_CIPHER` is immutable after it has been fetched.
@safe private struct TicketCipher: @unchecked Sendable {
    static let aes256CBC = TicketCipher()

    let handle: OpaquePointer

    private init() {
        guard let handle = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil) else {
            preconditionFailure("OpenSSL has no AES-256-CBC")
        }
        unsafe self.handle = handle
    }
}
