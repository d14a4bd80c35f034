import Sessions
import Testing

@Suite("Leases of runs: event, now, expected")
struct LeaseTableTests {
    enum Event: Sendable {
        case renew(String, until: Int64)
        case lost(String, until: Int64)
        case await(String, until: Int64)
        case remove(String)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let events: [Event]
        let nowMs: Int64
        let expected: LeaseTable.Overdue
    }

    static let rows = [
        Row(
            testDescription: "a lease holds until its time", events: [.renew("a", until: 30)], nowMs: 29,
            expected: .init()),
        Row(
            testDescription: "then its worker is silent", events: [.renew("a", until: 30)], nowMs: 30,
            expected: .init(silent: ["a"])),
        Row(
            testDescription: "what is said renews it", events: [.renew("a", until: 30), .renew("a", until: 50)],
            nowMs: 49, expected: .init()),
        Row(
            testDescription: "a lost connection begins the grace, whatever was left of the lease",
            events: [.renew("a", until: 30), .lost("a", until: 80)], nowMs: 79, expected: .init()),
        Row(
            testDescription: "after the grace the worker is lost",
            events: [.renew("a", until: 30), .lost("a", until: 80)], nowMs: 80, expected: .init(lost: ["a"])),
        Row(
            testDescription: "a grace that has begun goes on when another connection is lost",
            events: [.renew("a", until: 30), .lost("a", until: 80), .lost("a", until: 90)], nowMs: 80,
            expected: .init(lost: ["a"])),
        Row(
            testDescription: "a worker that comes back has a lease again",
            events: [.renew("a", until: 30), .lost("a", until: 80), .renew("a", until: 100)], nowMs: 80,
            expected: .init()),
        Row(
            testDescription: "after a restart every worker is away",
            events: [.await("b", until: 60), .await("a", until: 60)],
            nowMs: 60, expected: .init(lost: ["a", "b"])),
        Row(
            testDescription: "a run without a lease has no connection to lose", events: [.lost("a", until: 10)],
            nowMs: 99, expected: .init()),
        Row(
            testDescription: "a run that is over has none", events: [.renew("a", until: 30), .remove("a")], nowMs: 99,
            expected: .init()),
    ]

    @Test("what is overdue", arguments: rows)
    func overdue(_ row: Row) {
        var table = LeaseTable()
        for event in row.events {
            switch event {
            case .renew(let id, let untilMs): table.renew(id, untilMs: untilMs)
            case .lost(let id, let untilMs): table.connectionLost(id, graceUntilMs: untilMs)
            case .await(let id, let untilMs): table.await(id, graceUntilMs: untilMs)
            case .remove(let id): table.remove(id)
            }
        }
        #expect(table.overdue(nowMs: row.nowMs) == row.expected)
    }
}
