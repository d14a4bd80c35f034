import EventLoop
import Gateway
import HTTP
import Testing

@testable import Server

struct PreauthBudgetTests {
    private static let client = IPAddress(v4: 0xCB00_7107)
    private static let other = IPAddress(v4: 0xCB00_7108)

    private static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    private static func id(_ serial: UInt64) -> ConnectionID { ConnectionID(reactor: Int(serial % 3), serial: serial) }

    /// A budget whose places the client has taken at 0 ms.
    private static func full(limit: Int) -> PreauthBudget {
        var budget = PreauthBudget(limit: limit)
        for serial in 0..<UInt64(limit) {
            #expect(budget.enter(id(serial), client: client, now: at(0)) == .admitted)
        }
        return budget
    }

    @Test(arguments: [1, 2, 32]) func oneMoreThanTheLimitIsRefusedAndAnotherClientIsNot(limit: Int) {
        var budget = Self.full(limit: limit)
        #expect(budget.enter(Self.id(100), client: Self.client, now: Self.at(999)) == .full)
        #expect(budget.enter(Self.id(101), client: Self.other, now: Self.at(999)) == .admitted)
    }

    @Test func theOldestThatIsSilentForOneSecondMakesRoom() {
        var budget = Self.full(limit: 3)
        budget.heard(Self.id(0), now: Self.at(1))
        #expect(budget.enter(Self.id(100), client: Self.client, now: Self.at(1000)) == .admittedEvicting(Self.id(1)))
        #expect(budget.enter(Self.id(101), client: Self.client, now: Self.at(1000)) == .admittedEvicting(Self.id(2)))
        #expect(budget.enter(Self.id(102), client: Self.client, now: Self.at(1000)) == .full)
        #expect(budget.enter(Self.id(102), client: Self.client, now: Self.at(1001)) == .admittedEvicting(Self.id(0)))
    }

    @Test func whoLeavesMakesRoomAndTheEvictedMayLeaveOnceMore() {
        var budget = Self.full(limit: 2)
        budget.leave(Self.id(0))
        #expect(budget.enter(Self.id(100), client: Self.client, now: Self.at(0)) == .admitted)
        #expect(budget.enter(Self.id(101), client: Self.client, now: Self.at(5000)) == .admittedEvicting(Self.id(1)))
        budget.leave(Self.id(1))
        budget.heard(Self.id(1), now: Self.at(5000))
        #expect(budget.enter(Self.id(1), client: Self.client, now: Self.at(5000)) == .admittedEvicting(Self.id(100)))
    }

    @Test func aConnectionIsCountedOnceHoweverOftenItIsAttributed() {
        var budget = PreauthBudget(limit: 1)
        for client in [Self.client, Self.client, Self.other] {
            #expect(budget.enter(Self.id(1), client: client, now: Self.at(0)) == .admitted)
        }
        #expect(budget.enter(Self.id(2), client: Self.other, now: Self.at(0)) == .admitted)
    }

    @Test func theLimitIsAPositiveIntegerOrTheStartFails() throws {
        let name = PreauthBudget.limitVariable
        #expect(try GatewayServer.preauthLimit([:]) == 32)
        #expect(try GatewayServer.preauthLimit([name: ""]) == 32)
        #expect(try GatewayServer.preauthLimit([name: "1"]) == 1)
        for wrong in ["0", "-1", "many", "1.5", " 2", "9223372036854775808"] {
            let failure = #expect(throws: StartFailure.self) { try GatewayServer.preauthLimit([name: wrong]) }
            #expect(failure?.exitCode == 78)
            #expect(failure?.message == "\(name) must be an integer of at least 1, not \"\(wrong)\"")
        }
    }
}
