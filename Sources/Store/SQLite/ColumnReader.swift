internal import CSQLite

/// Reads the columns of a statement's current row one after the other.
///
/// A value that a column cannot hold, written by someone else, is ``StoreError/corrupt(path:detail:)``.
@safe struct ColumnReader {
    private let statement: OpaquePointer
    private let path: String
    private var index: Int32 = 0

    init(_ statement: OpaquePointer, path: String) {
        unsafe self.statement = statement
        self.path = path
    }

    mutating func optionalText() throws(StoreError) -> String? {
        let column = next()
        if isNull(column) { return nil }
        guard let bytes = unsafe sqlite3_column_text(statement, column) else { throw invalid(column) }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    mutating func optionalBytes() throws(StoreError) -> [UInt8]? {
        let column = next()
        if isNull(column) { return nil }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        guard count > 0 else { return [] }
        guard let bytes = unsafe sqlite3_column_blob(statement, column) else { throw invalid(column) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    mutating func optionalInt64() throws(StoreError) -> Int64? {
        let column = next()
        return isNull(column) ? nil : unsafe sqlite3_column_int64(statement, column)
    }

    mutating func optionalInt32() throws(StoreError) -> Int32? {
        guard let value = try optionalInt64() else { return nil }
        guard let narrow = Int32(exactly: value) else { throw invalid(index - 1) }
        return narrow
    }

    mutating func text() throws(StoreError) -> String { try present(optionalText()) }
    mutating func bytes() throws(StoreError) -> [UInt8] { try present(optionalBytes()) }
    mutating func int64() throws(StoreError) -> Int64 { try present(optionalInt64()) }
    mutating func int32() throws(StoreError) -> Int32 { try present(optionalInt32()) }
    mutating func int() throws(StoreError) -> Int { Int(try int64()) }
    mutating func bool() throws(StoreError) -> Bool { try int64() != 0 }
    mutating func list() throws(StoreError) -> [String] { try present(StringList.decode(text())) }

    mutating func choice<Choice: RawRepresentable<String>>() throws(StoreError) -> Choice {
        try present(Choice(rawValue: text()))
    }

    private func present<Value>(_ value: Value?) throws(StoreError) -> Value {
        guard let value else { throw invalid(index - 1) }
        return value
    }

    private mutating func next() -> Int32 {
        defer { index += 1 }
        return index
    }

    private func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    private func invalid(_ column: Int32) -> StoreError {
        guard let name = unsafe sqlite3_column_name(statement, column) else {
            return .corrupt(path: path, detail: "invalid value in column \(column)")
        }
        return unsafe .corrupt(path: path, detail: "invalid value in column \(String(cString: name))")
    }
}
