internal import Files

/// Decides when changed certificate files are read again: once they have been at rest between two looks.
struct CertificateWatch: Equatable {
    private var loaded: [FileStamp?]
    private var seen: [FileStamp?]

    /// - Parameter loaded: stamps of what is in use.
    init(loaded: [FileStamp?]) {
        self.loaded = loaded
        seen = loaded
    }

    mutating func shouldReload(_ now: [FileStamp?]) -> Bool {
        defer { seen = now }
        // Half a pair is one in the making.
        guard now != loaded, now == seen, !now.contains(nil) else { return false }
        loaded = now
        return true
    }
}
