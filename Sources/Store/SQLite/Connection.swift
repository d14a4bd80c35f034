internal import CSQLite
internal import Glibc

/// Owns one SQLite connection and its prepared statements. Used by one thread at a time.
@safe final class Connection {
    let path: String
    private let handle: OpaquePointer
    /// Filled while ``countLogPages()`` is on.
    private let logPageCount = LogPageCount()
    private var statements: [String: OpaquePointer] = unsafe [:]

    /// Opens an existing file.
    init(path: String, busyTimeoutMs: Int32) throws(StoreError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard let opened = unsafe handle, code == SQLITE_OK else {
            let error = unsafe Self.error(code, handle: handle, path: path)
            unsafe sqlite3_close_v2(handle)
            throw error
        }
        self.path = path
        unsafe self.handle = opened
        unsafe sqlite3_busy_timeout(opened, busyTimeoutMs)
    }

    /// For reading only, with a small cache: there may be several, and they are seldom busy.
    convenience init(readingFrom path: String, busyTimeoutMs: Int32) throws(StoreError) {
        try self.init(path: path, busyTimeoutMs: busyTimeoutMs)
        try execute("PRAGMA query_only = ON; PRAGMA cache_size = -512")
    }

    deinit {
        unsafe statements.values.forEach { unsafe _ = sqlite3_finalize($0) }
        unsafe sqlite3_close_v2(handle)
    }

    /// Keeps ``logPages`` up to date; with it SQLite stops copying the write-ahead log of its own accord.
    func countLogPages() {
        let context = unsafe Unmanaged.passUnretained(logPageCount).toOpaque()
        unsafe sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context = unsafe context else { return SQLITE_OK }
                unsafe Unmanaged<LogPageCount>.fromOpaque(context).takeUnretainedValue().pages = Int(pages)
                return SQLITE_OK
            }, context)
    }

    /// How long the write-ahead log was after the last commit of this connection.
    var logPages: Int { logPageCount.pages }

    /// Copies as much of the write-ahead log as nobody still reads, without waiting for anyone.
    func checkpoint() throws(StoreError) { try run("PRAGMA wal_checkpoint(PASSIVE)") }

    /// Copies the whole database as of one moment, in steps between which others may write.
    func copy(into target: Connection, pagesInStep: Int32 = 256) throws(StoreError) {
        try asOfOneMoment { () throws(StoreError) in
            // Only with the first reading a moment is chosen.
            _ = try Schema.integer("SELECT count(*) FROM sqlite_schema", self)
            guard let backup = unsafe sqlite3_backup_init(target.handle, "main", handle, "main") else {
                throw unsafe target.error(sqlite3_errcode(target.handle))
            }
            var code: Int32
            repeat { code = unsafe sqlite3_backup_step(backup, pagesInStep) } while code == SQLITE_OK
            let end = unsafe sqlite3_backup_finish(backup)
            guard code == SQLITE_DONE, end == SQLITE_OK else { throw target.error(end == SQLITE_OK ? code : end) }
        }
    }

    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Runs statements without parameters and without interest in their rows.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// - Returns: How many rows were changed.
    @discardableResult
    func run(_ sql: String, _ write: (inout ColumnWriter) -> Void = { _ in }) throws(StoreError) -> Int {
        let statement = unsafe try prepare(sql, write)
        defer { unsafe sqlite3_reset(statement) }
        let code = unsafe sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw error(code) }
        return Int(unsafe sqlite3_changes(handle))
    }

    func query<Value>(
        _ sql: String, _ write: (inout ColumnWriter) -> Void = { _ in },
        _ read: (inout ColumnReader) throws(StoreError) -> Value
    ) throws(StoreError) -> [Value] {
        var values: [Value] = []
        try each(sql, write) { columns throws(StoreError) in
            values.append(try read(&columns))
            return true
        }
        return values
    }

    /// - Parameter read: Says whether it wants the next row too.
    func each(
        _ sql: String, _ write: (inout ColumnWriter) -> Void,
        _ read: (inout ColumnReader) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let statement = unsafe try prepare(sql, write)
        defer { unsafe sqlite3_reset(statement) }
        while true {
            switch unsafe sqlite3_step(statement) {
            case SQLITE_ROW:
                var columns = unsafe ColumnReader(statement, path: path)
                guard try read(&columns) else { return }
            case SQLITE_DONE:
                return
            case let code:
                throw error(code)
            }
        }
    }

    /// Several statements that see the same state, however many commits happen meanwhile.
    func asOfOneMoment<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        try execute("BEGIN")
        let value: Value
        do throws(StoreError) {
            value = try body()
        } catch {
            _ = try? execute("COMMIT")
            throw error
        }
        try execute("COMMIT")
        return value
    }

    func records<Record: StoredRecord>(
        of type: Record.Type, where condition: String = "true", _ write: (inout ColumnWriter) -> Void = { _ in }
    ) throws(StoreError) -> [Record] {
        try query("\(Record.table.select) WHERE \(condition)", write) { columns throws(StoreError) in
            try Record(from: &columns)
        }
    }

    /// A statement that is ready to step, from the cache when it has been used before.
    private func prepare(_ sql: String, _ write: (inout ColumnWriter) -> Void) throws(StoreError) -> OpaquePointer {
        var statement = unsafe statements[sql]
        if unsafe statement == nil {
            let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
            guard code == SQLITE_OK else { throw error(code) }
            unsafe statements[sql] = statement
        }
        guard let statement = unsafe statement else { preconditionFailure("a statement has at least one word") }
        var columns = unsafe ColumnWriter(statement)
        write(&columns)
        guard columns.code == SQLITE_OK else { throw error(columns.code) }
        return unsafe statement
    }

    private func error(_ code: Int32) -> StoreError { unsafe Self.error(code, handle: handle, path: path) }

    private static func error(_ code: Int32, handle: OpaquePointer?, path: String) -> StoreError {
        let message =
            unsafe handle.flatMap { unsafe sqlite3_errmsg($0) }.map { unsafe String(cString: $0) } ?? "unknown error"
        let systemError = unsafe handle.map { unsafe sqlite3_system_errno($0) } ?? 0
        switch code & 0xFF {
        case SQLITE_FULL: return .diskFull(path: path)
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT: return .diskFull(path: path)
        case SQLITE_READONLY, SQLITE_PERM: return .readOnly(path: path)
        case SQLITE_IOERR where systemError == EROFS: return .readOnly(path: path)
        case SQLITE_CANTOPEN where [EACCES, EPERM, EROFS].contains(systemError): return .readOnly(path: path)
        case SQLITE_BUSY, SQLITE_LOCKED: return .locked(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(path: path, detail: message)
        case SQLITE_IOERR: return .io(path: path, code: code, message: message + detail(code, systemError))
        default: return .io(path: path, code: code, message: message)
        }
    }

    /// SQLite does not always keep the system's error.
    private static func detail(_ code: Int32, _ systemError: Int32) -> String {
        let isSync = [sallyport_sqlite_ioerr_fsync, sallyport_sqlite_ioerr_dir_fsync].contains { Int($0) == Int(code) }
        let what = isSync ? ": the disk did not confirm what was written" : ""
        guard systemError != 0, let text = unsafe strerror(systemError) else { return what }
        return unsafe "\(what): \(String(cString: text))"
    }
}

private final class LogPageCount {
    var pages = 0
}
