internal import Files

/// Decides when changed configuration files are read again: once they have been at rest.
struct ConfigWatch: Equatable {
    typealias Stamps = [String: FileStamp]

    private var read: Stamps
    private var seen: Stamps

    /// - Parameter read: stamps of what is in use, by path; a file that is not there has none.
    init(read: Stamps) {
        self.read = read
        seen = read
    }

    /// - Parameter isSettled: Nothing has been heard of the files for long enough.
    mutating func shouldRead(_ now: Stamps, isSettled: Bool) -> Bool {
        defer { seen = now }
        guard now != read, isSettled || now == seen else { return false }
        read = now
        return true
    }
}
