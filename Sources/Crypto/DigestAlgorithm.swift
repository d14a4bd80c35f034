internal import COpenSSL

/// An OpenSSL digest that is looked up once per process; the look-up costs more than hashing a short message.
///
/// `@unchecked Sendable`: an `EVP_MD` is immutable after it has been fetched.
@safe struct DigestAlgorithm: @unchecked Sendable {
    static let sha256 = DigestAlgorithm(name: "SHA2-256", length: 32)
    static let sha1 = DigestAlgorithm(name: "SHA1", length: 20)

    /// Lives as long as the process.
    let handle: OpaquePointer
    /// Size of a digest in bytes.
    let length: Int

    private init(name: String, length: Int) {
        guard let handle = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL has no digest \(name)")
        }
        unsafe self.handle = handle
        self.length = length
    }

    func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { input in
            unsafe [UInt8](unsafeUninitializedCapacity: length) { output, count in
                let result = unsafe EVP_Digest(input.baseAddress, input.count, output.baseAddress, nil, handle, nil)
                guard result == 1 else { preconditionFailure("OpenSSL could not compute a digest") }
                count = length
            }
        }
    }
}
