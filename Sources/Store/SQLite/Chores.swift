/// What the writer does while no commit waits: the rest of purges, and rows of transcripts that were given up.
///
/// Nothing is remembered over a restart: purges come again, and what was given up is found in the file.
struct Chores {
    /// In one transaction: some milliseconds at most.
    static let rowsInStep = 128

    private var purges: [PurgeSubject: Int64] = [:]
    private var mayHaveGarbage = true
    /// A step failed; what makes commits work again makes the next one worth trying.
    private var isPaused = false

    var areDue: Bool { !isPaused && (mayHaveGarbage || !purges.isEmpty) }

    /// Looks at what was committed.
    mutating func note(_ operations: [StoreOperation]) {
        isPaused = false
        for operation in operations {
            switch operation {
            case .deleteTranscript: mayHaveGarbage = true
            case .purge(let subject, let beforeMs): purges[subject] = max(beforeMs, purges[subject] ?? .min)
            default: break
            }
        }
    }

    mutating func step(_ connection: Connection) {
        do throws(StoreError) {
            try connection.run("BEGIN IMMEDIATE")
            try advance(connection)
            try connection.run("COMMIT")
        } catch {
            if connection.isInTransaction { _ = try? connection.run("ROLLBACK") }
            isPaused = true
        }
    }

    private mutating func advance(_ connection: Connection) throws(StoreError) {
        guard let (subject, beforeMs) = purges.first else {
            mayHaveGarbage = try connection.sweepTranscripts(limit: Self.rowsInStep)
            return
        }
        let removed = try connection.purge(subject, beforeMs, limit: Self.rowsInStep)
        if removed < Self.rowsInStep { purges[subject] = nil }
        if subject == .archivedSessions || subject == .transcriptArchives { mayHaveGarbage = true }
    }
}
