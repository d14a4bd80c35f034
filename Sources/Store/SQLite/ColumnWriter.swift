internal import CSQLite

/// Binds a statement's parameters one after the other. The values are copied.
@safe struct ColumnWriter {
    private let statement: OpaquePointer
    private var index: Int32 = 0
    /// The first failure, or `SQLITE_OK`.
    private(set) var code: Int32 = SQLITE_OK

    init(_ statement: OpaquePointer) { unsafe self.statement = statement }

    mutating func write(_ value: String?) {
        guard var value else { return writeNull() }
        let bound = value.withUTF8 { bytes in
            guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
            return unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe sallyport_sqlite_bind_text(statement, index + 1, characters.baseAddress, count)
            }
        }
        advance(bound)
    }

    mutating func write(_ value: [UInt8]?) {
        guard let value else { return writeNull() }
        let bound = unsafe value.withUnsafeBytes { bytes in
            guard let count = Int32(exactly: bytes.count) else { return SQLITE_TOOBIG }
            return unsafe sallyport_sqlite_bind_blob(statement, index + 1, bytes.baseAddress, count)
        }
        advance(bound)
    }

    mutating func write(_ value: Int64?) {
        guard let value else { return writeNull() }
        advance(unsafe sqlite3_bind_int64(statement, index + 1, value))
    }

    mutating func write(_ value: Int32?) { write(value.map(Int64.init)) }
    mutating func write(_ value: Int) { write(Int64(value)) }
    mutating func write(_ value: Bool) { write(Int64(value ? 1 : 0)) }
    mutating func write(_ value: [String]) { write(StringList.encode(value)) }

    private mutating func writeNull() {
        advance(unsafe sqlite3_bind_null(statement, index + 1))
    }

    private mutating func advance(_ result: Int32) {
        index += 1
        if code == SQLITE_OK { code = result }
    }
}
