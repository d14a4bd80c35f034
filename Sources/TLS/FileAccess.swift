internal import Crypto
internal import Files

/// The file operations of certificates and keys, with their errors as TLS errors.
enum FileAccess {
    static func exists(_ path: String) throws(TLSError) -> Bool {
        try mapped { () throws(FileError) in try Files.hasEntry(path) }
    }

    static func read(_ path: String, maxBytes: Int) throws(TLSError) -> String {
        var bytes = try mapped { () throws(FileError) in try Files.read(path, maxBytes: maxBytes) }
        defer { wipe(&bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func writeAtomically(_ text: String, to path: String, mode: UInt32) throws(TLSError) {
        try mapped { () throws(FileError) in try Files.writeAtomically(path, Array(text.utf8), mode: mode) }
    }

    static func createParentDirectories(of path: String) throws(TLSError) {
        try mapped { () throws(FileError) in try Files.makeDirectory(Files.parent(of: path)) }
    }

    static func remove(_ path: String) {
        Files.remove(path)
    }

    private static func mapped<R>(_ body: () throws(FileError) -> R) throws(TLSError) -> R {
        do throws(FileError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}
