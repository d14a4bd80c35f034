import JSON
import Testing

@testable import Gateway

@Suite("Who is there, wire protocol 6.3")
struct PresenceBookTests {
    private static func id(_ serial: UInt64) -> ConnectionID { ConnectionID(reactor: 0, serial: serial) }

    private static func shown(_ book: inout PresenceBook, atMs nowMs: Int64) -> [String] {
        book.latest(nowMs: nowMs).map { String(decoding: $0.entry, as: UTF8.self) }
    }

    @Test("the latest comes first, and of an instance only its latest")
    func order() {
        var book = PresenceBook()
        book.put(.connection(Self.id(1)), instance: "a", atMs: 1, 1)
        book.put(.connection(Self.id(2)), instance: "b", atMs: 2, 2)
        book.put(.connection(Self.id(3)), instance: "a", atMs: 3, 3)
        book.put(.reported("c"), instance: "c", atMs: 4, 4)
        #expect(Self.shown(&book, atMs: 5) == ["4", "3", "2"])
        book.remove(.connection(Self.id(3)))
        #expect(Self.shown(&book, atMs: 5) == ["4", "2", "1"])
        book.put(.reported("c"), instance: "c", atMs: 6, 5)
        #expect(Self.shown(&book, atMs: 6) == ["5", "2", "1"])
    }

    @Test("what was reported and who has left is shown for five minutes, who is connected for ever")
    func ages() {
        var book = PresenceBook()
        book.put(.connection(Self.id(1)), instance: "a", atMs: 0, 1)
        book.put(.reported("b"), instance: "b", atMs: 0, 2)
        book.put(.departed("c"), instance: "c", atMs: 1, 3)
        #expect(Self.shown(&book, atMs: PresenceBook.lifeMs - 1) == ["3", "2", "1"])
        #expect(Self.shown(&book, atMs: PresenceBook.lifeMs) == ["3", "1"])
        #expect(Self.shown(&book, atMs: PresenceBook.lifeMs + 1) == ["1"])
    }

    @Test("as many as fit are shown, the connected come back when others go, and nothing grows with those who left")
    func limits() {
        var book = PresenceBook()
        for serial in 0..<1000 as Range<UInt64> {
            book.put(.connection(Self.id(serial)), instance: "i\(serial)", atMs: 1, .integer(Int64(serial)))
        }
        #expect(Self.shown(&book, atMs: 2) == (801..<1000).reversed().map(String.init))
        for round in 0..<50 as Range<UInt64> {
            for serial in 100..<1000 as Range<UInt64> {
                book.remove(.connection(Self.id(serial)))
                book.put(.departed("\(round)-\(serial)"), instance: "\(round)-\(serial)", atMs: 3, -1)
                book.put(.connection(Self.id(serial)), instance: "i\(serial)", atMs: 3, .integer(Int64(serial)))
            }
        }
        #expect(book.size <= 2 * (1000 + PresenceBook.maxRows))
        for serial in 100..<1000 as Range<UInt64> { book.remove(.connection(Self.id(serial))) }
        #expect(Self.shown(&book, atMs: 3 + PresenceBook.lifeMs) == (0..<100).reversed().map(String.init))
    }
}
