/// A record that lies in one row of a table with a revision.
protocol StoredRecord {
    static var table: Table { get }
    /// Names the record in errors.
    var identity: String { get }
    var revision: Int64 { get set }
    /// Writes all columns but the revision, in the table's order.
    func write(to columns: inout ColumnWriter)
    /// Reads all columns, the revision last.
    init(from columns: inout ColumnReader) throws(StoreError)
}

/// Names of a table's columns, and the statements made of them.
struct Table: Sendable {
    let name: String
    let columnCount: Int
    /// Puts whatever was there before.
    let upsert: String
    /// Puts only a record that does not exist yet.
    let insert: String
    /// Puts only over the revision in the parameter after the columns.
    let update: String
    /// Removes the row with the keys in the first parameters.
    let delete: String
    /// All columns; a `WHERE` may follow.
    let select: String
    let selectByKey: String

    init(_ name: String, keys: [String], columns: [String]) {
        let all = keys + columns
        let byKeys = keys.enumerated().map { "\($1) = ?\($0 + 1)" }.joined(separator: " AND ")
        let parameters = (1...all.count).map { "?\($0)" }.joined(separator: ", ")
        let conflict = "ON CONFLICT (\(keys.joined(separator: ", ")))"
        let excluded = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let numbered = columns.enumerated().map { "\($1) = ?\($0 + keys.count + 1)" }.joined(separator: ", ")

        self.name = name
        columnCount = all.count
        let inserting =
            "INSERT INTO \(name) (\(all.joined(separator: ", ")), revision) VALUES (\(parameters), 1) \(conflict)"
        upsert = "\(inserting) DO UPDATE SET \(excluded), revision = revision + 1"
        insert = "\(inserting) DO NOTHING"
        update =
            "UPDATE \(name) SET \(numbered), revision = revision + 1 WHERE \(byKeys) AND revision = ?\(all.count + 1)"
        delete = "DELETE FROM \(name) WHERE \(byKeys)"
        select = "SELECT \(all.joined(separator: ", ")), revision FROM \(name)"
        selectByKey = "\(select) WHERE \(byKeys)"
    }
}
