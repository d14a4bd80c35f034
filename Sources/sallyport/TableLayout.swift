/// Lays out a table in so many columns of a terminal.
struct TableLayout {
    private static let gap = 2
    /// Below this a cell says nothing any more.
    private static let minWidth = 6

    private let rows: [[String]]
    private let widths: [Int]

    /// - Parameter columns: nil: as many as it takes.
    init(_ rows: [[String]], columns: Int?) {
        self.rows = rows
        var widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        if let columns {
            var excess = widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) - columns
            // The first column is what other commands are given, so it is never cut.
            while excess > 0, let widest = widths.indices.dropFirst().max(by: { widths[$0] < widths[$1] }),
                widths[widest] > Self.minWidth
            {
                widths[widest] -= 1
                excess -= 1
            }
        }
        self.widths = widths
    }

    var text: String {
        rows.map { row in
            row.indices.map { column in
                let cell = cut(row[column], to: widths[column])
                let isLast = column == row.count - 1
                return isLast ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private func cut(_ cell: String, to width: Int) -> String {
        cell.count <= width ? cell : cell.prefix(width - 1) + "…"
    }
}
