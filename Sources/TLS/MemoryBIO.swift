internal import COpenSSL

/// Owns one OpenSSL memory BIO: text in for the PEM readers, text out of the PEM writers.
@safe struct MemoryBIO: ~Copyable {
    let handle: OpaquePointer

    init() {
        guard let handle = unsafe BIO_new(BIO_s_mem()) else { preconditionFailure("OpenSSL is out of memory") }
        unsafe self.handle = handle
    }

    /// Holds a copy of `text`.
    init(_ text: String) {
        self.init()
        let bytes = Array(text.utf8)
        guard let length = Int32(exactly: bytes.count) else { preconditionFailure("a PEM text is shorter than 2 GiB") }
        if bytes.isEmpty { return }
        guard unsafe BIO_write(handle, bytes, length) == length else {
            preconditionFailure("OpenSSL is out of memory")
        }
    }

    deinit { unsafe BIO_free_all(handle) }

    /// What has been written and not been read.
    var text: String {
        var start: UnsafeMutablePointer<CChar>?
        let length = unsafe sallyport_BIO_get_mem_data(handle, &start)
        guard let start = unsafe start, length > 0 else { return "" }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: length)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }
}
