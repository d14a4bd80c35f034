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

    @Test func onlySoManyAreToldThatThereIsNoPlace() {
        var budget = Self.full(limit: 3)
        for serial in 10..<13 as Range<UInt64> {
            #expect(budget.enter(Self.id(serial), client: Self.client, now: Self.at(0)) == .full)
        }
        #expect(budget.enter(Self.id(13), client: Self.client, now: Self.at(0)) == .refused)
        #expect(budget.enter(Self.id(12), client: Self.client, now: Self.at(0)) == .full, "it is counted already")
        #expect(budget.enter(Self.id(20), client: Self.other, now: Self.at(0)) == .admitted)
        budget.leave(Self.id(10))
        budget.leave(Self.id(10))
        #expect(budget.enter(Self.id(14), client: Self.client, now: Self.at(0)) == .full)
        #expect(budget.enter(Self.id(15), client: Self.client, now: Self.at(0)) == .refused)
        for serial in [11, 12, 14] as [UInt64] { budget.leave(Self.id(serial)) }
        #expect(budget.enter(Self.id(16), client: Self.client, now: Self.at(0)) == .full)
    }

    @Test func addressesOfOneIPv6SubscriberShareABudget() {
        let prefix: UInt64 = 0x2001_0DB8_0000_0001
        var budget = PreauthBudget(limit: 2)
        for low in 1...2 {
            #expect(
                budget.enter(Self.id(UInt64(low)), client: IPAddress(v6: prefix, UInt64(low)), now: Self.at(0))
                    == .admitted)
        }
        #expect(budget.enter(Self.id(3), client: IPAddress(v6: prefix, 3), now: Self.at(0)) == .full)
        #expect(budget.enter(Self.id(4), client: IPAddress(v6: prefix + 1, 3), now: Self.at(0)) == .admitted)
        // Neighbours on a link are others.
        let link: UInt64 = 0xFE80_0000_0000_0000
        for low in 5...8 {
            #expect(
                budget.enter(Self.id(UInt64(low)), client: IPAddress(v6: link, UInt64(low)), now: Self.at(0))
                    == .admitted)
        }
    }

    @Test func aGatewayWithoutRoomGivesUpTheOldestSilentConnectionOfAnybody() {
        var budget = PreauthBudget(limit: 4)
        for serial in 0..<4 as Range<UInt64> {
            let client = serial % 2 == 0 ? Self.client : Self.other
            #expect(budget.enter(Self.id(serial), client: client, now: Self.at(Int64(serial))) == .admitted)
        }
        #expect(budget.relieve(now: Self.at(900)) == nil)
        budget.heard(Self.id(0), now: Self.at(990))
        #expect(budget.relieve(now: Self.at(1001)) == Self.id(1))
        #expect(budget.relieve(now: Self.at(1001)) == nil, "the others have not been silent for long enough")
        // Not everything is looked through at each call.
        #expect(budget.relieve(now: Self.at(1003)) == nil)
        #expect(budget.relieve(now: Self.at(1101)) == Self.id(2))
        budget.heard(Self.id(3), now: Self.at(1101))
        #expect(budget.relieve(now: Self.at(1102)) == nil, "it has spoken since it was found")
        budget.leave(Self.id(3))
        #expect(budget.relieve(now: Self.at(5000)) == Self.id(0))
        #expect(budget.relieve(now: Self.at(9000)) == nil)
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
