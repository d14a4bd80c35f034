/// The tables, and how an older file gets them.
enum Schema {
    /// "SPRT": tells our files from other programs' (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x5350_5254
    /// The n-th brings version n - 1 to version n (`PRAGMA user_version`). Only ever appended to.
    static let migrations = [version1, version2, version3, version4, version5, version6]

    /// Brings the file to the newest version, each step in a transaction of its own.
    ///
    /// - Throws: ``StoreError/newerSchema(path:found:supported:)``, having changed nothing;
    ///   ``StoreError/corrupt(path:detail:)`` for a database of another program.
    static func migrate(_ connection: Connection, migrations: [String] = migrations) throws(StoreError) {
        let found = try integer("PRAGMA user_version", connection)
        guard found <= migrations.count else {
            throw .newerSchema(path: connection.path, found: Int(found), supported: migrations.count)
        }
        if try integer("PRAGMA application_id", connection) != applicationID {
            let tables = try integer("SELECT count(*) FROM sqlite_schema", connection)
            guard found == 0 && tables == 0 else {
                throw .corrupt(path: connection.path, detail: "not a database of this gateway")
            }
        }
        for version in Int(max(found, 0))..<migrations.count {
            try connection.execute(
                """
                BEGIN IMMEDIATE;
                \(migrations[version])
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version + 1);
                COMMIT;
                """)
        }
    }

    /// Reads the whole file. Seconds for a large one, so only after a shutdown that was not clean.
    static func check(_ connection: Connection) throws(StoreError) {
        let findings = try connection.query("PRAGMA quick_check(1)") { columns throws(StoreError) in try columns.text()
        }
        guard findings == ["ok"] else {
            throw .corrupt(path: connection.path, detail: findings.first ?? "no answer from quick_check")
        }
    }

    static func integer(_ sql: String, _ connection: Connection) throws(StoreError) -> Int64 {
        try connection.query(sql) { columns throws(StoreError) in try columns.int64() }.first ?? 0
    }
}
