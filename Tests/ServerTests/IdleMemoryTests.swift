import Testing

@testable import Server

@Suite("When memory is given back")
struct IdleMemoryTests {
    private static let interval = IdleMemory.interval

    @Test(
        "when a quarter has gone, and enough of them",
        arguments: [
            (most: 0, left: 0, isDue: false), (most: 63, left: 0, isDue: false), (most: 64, left: 0, isDue: true),
            (most: 256, left: 193, isDue: false), (most: 256, left: 192, isDue: true),
            (most: 1000, left: 751, isDue: false), (most: 1000, left: 750, isDue: true),
        ])
    func due(most: Int, left: Int, isDue: Bool) {
        var memory = IdleMemory()
        #expect(memory.isDue(connections: most) == false)
        for _ in 2..<Self.interval { #expect(memory.isDue(connections: left) == false) }
        #expect(memory.isDue(connections: left) == isDue)
        for _ in 1...Self.interval { #expect(memory.isDue(connections: left) == false, "once for each crowd") }
    }
}
