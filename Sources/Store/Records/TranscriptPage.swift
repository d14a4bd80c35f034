/// Rows of one transcript in ascending order.
package struct TranscriptPage: Equatable, Sendable {
    package var rows: [TranscriptRecord]
    /// There are further rows in the direction of reading: older ones, or from the start on, later ones.
    package var hasMore: Bool

    package init(rows: [TranscriptRecord] = [], hasMore: Bool = false) {
        self.rows = rows
        self.hasMore = hasMore
    }
}
