extension InvitationRecord: StoredRecord {
    static let table = Table(
        "invitations", keys: ["id"],
        columns: [
            "token_sha256", "kind", "roles", "scopes", "label", "uses_left", "used_by", "created_at_ms",
            "expires_at_ms",
        ])

    var identity: String { "invitation \(id)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(id)
        columns.write(tokenSHA256)
        columns.write(kind)
        columns.write(roles)
        columns.write(scopes)
        columns.write(label)
        columns.write(usesLeft)
        columns.write(usedBy)
        columns.write(createdAtMs)
        columns.write(expiresAtMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            id: try columns.text(), tokenSHA256: try columns.bytes(), kind: try columns.text(),
            roles: try columns.list(), scopes: try columns.list(), label: try columns.optionalText(),
            usesLeft: try columns.int(), usedBy: try columns.list(), createdAtMs: try columns.int64(),
            expiresAtMs: try columns.int64(), revision: try columns.int64())
    }
}
