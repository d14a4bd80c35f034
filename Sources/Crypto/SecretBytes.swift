internal import COpenSSL

/// Whether both are equal, in a time that depends on the length only. Different lengths are unequal.
package func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe CRYPTO_memcmp(a, b, a.count) == 0
}

/// Overwrites a secret with zeros, which the compiler may not leave out, and empties the array.
///
/// Only this array's storage is wiped; had it been copied, it would be the copy that is wiped.
package func wipe(_ bytes: inout [UInt8]) {
    unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    bytes.removeAll()
}
