internal import Glibc

extension SQLiteStore {
    /// Copies the database as of one moment into a new file (0600), checks the copy, and makes it durable. Commits go
    /// on meanwhile. Blocks: for another thread than a reactor's.
    ///
    /// - Throws: When there is something at `output` already, among others; then nothing of it stays.
    package func backup(to output: String) throws(StoreError) { try Self.backup(path, to: output) }

    /// As ``backup(to:)``, whether a gateway has the database open or not.
    package static func backup(_ path: String, to output: String) throws(StoreError) {
        // Without the file, SQLite's answer would be less clear.
        guard StoreFile.Identity(path) != nil else {
            throw .io(path: path, code: ENOENT, message: "there is no database")
        }
        let source = try Connection(readingFrom: path, busyTimeoutMs: Options().busyTimeoutMs)
        guard try Schema.integer("PRAGMA application_id", source) == Schema.applicationID else {
            throw .corrupt(path: path, detail: "not a database of this gateway")
        }
        try StoreFile.create(output)
        do throws(StoreError) {
            let copy = try Connection(path: output, busyTimeoutMs: 0)
            try copy.execute("PRAGMA synchronous = FULL")
            try source.copy(into: copy)
            try Schema.check(copy)
        } catch {
            for suffix in ["", "-journal", "-wal", "-shm"] { unsafe unlink(output + suffix) }
            throw error
        }
        try StoreFile.sync(output)
    }
}
