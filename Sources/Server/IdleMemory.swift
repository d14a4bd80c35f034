/// When to give back what a crowd of connections has left behind: an allocator keeps what was freed for whoever asks next,
/// and so what the largest crowd ever needed.
struct IdleMemory {
    /// Seconds between two looks.
    static let interval = 10
    /// Fewer are not worth it.
    static let fewest = 64
    private var seconds = 0
    private var most = 0

    /// - Parameter connections: how many there are; told once a second.
    /// - Returns: whether a quarter and more of them has gone since the last look.
    mutating func isDue(connections: Int) -> Bool {
        most = max(most, connections)
        seconds += 1
        guard seconds >= Self.interval else { return false }
        seconds = 0
        defer { most = connections }
        let gone = most - connections
        return gone >= Self.fewest && gone * 4 >= most
    }
}
