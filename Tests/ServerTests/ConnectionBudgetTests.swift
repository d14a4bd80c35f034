import Testing

@testable import Server

struct ConnectionBudgetTests {
    @Test(arguments: [(8, 1), (64, 8), (512, 64), (20_000, 64)]) func aPartIsKeptForLoopback(limit: Int, reserve: Int) {
        var budget = ConnectionBudget(limit: limit)
        #expect(budget.reserve == reserve)
        for _ in 0..<(limit - reserve) { #expect(budget.enter(isLocal: false) == .remote) }
        #expect(budget.enter(isLocal: false) == .surplus)
        for _ in 0..<reserve { #expect(budget.enter(isLocal: true) == .local) }
        #expect(budget.enter(isLocal: true) == .surplus)
        #expect(budget.count == limit + 2)
    }

    @Test func loopbackMayTakeAllOfIt() {
        var budget = ConnectionBudget(limit: 8)
        for _ in 0..<8 { #expect(budget.enter(isLocal: true) == .local) }
        #expect(budget.enter(isLocal: false) == .surplus)
    }

    @Test func theSurplusIsBoundedToo() {
        var budget = ConnectionBudget(limit: 1)
        #expect(budget.enter(isLocal: true) == .local)
        for _ in 0..<ConnectionBudget.maxSurplus { #expect(budget.enter(isLocal: true) == .surplus) }
        #expect(budget.enter(isLocal: true) == nil)
        budget.leave(.surplus)
        #expect(budget.enter(isLocal: true) == .surplus)
        budget.leave(.local)
        #expect(budget.enter(isLocal: true) == .local)
    }

    @Test func whoComesThroughAProxyOnLoopbackIsRemote() {
        var budget = ConnectionBudget(limit: 8)
        #expect(budget.enter(isLocal: true) == .local)
        #expect(budget.becameRemote(.local) == .remote)
        #expect(budget.becameRemote(.remote) == .remote)
        for _ in 0..<6 { #expect(budget.enter(isLocal: false) == .remote) }
        #expect(budget.enter(isLocal: true) == .local)
        #expect(budget.becameRemote(.local) == .surplus)
        #expect(budget.becameRemote(.surplus) == .surplus)
        #expect((budget.local, budget.remote, budget.surplus) == (0, 7, 1))
    }

    @Test func whoComesForAnotherIsCountedWhetherThereIsRoomOrNot() {
        var budget = ConnectionBudget(limit: 1)
        #expect(budget.enter(isLocal: true) == .local)
        #expect(budget.enterForAnother(isLocal: false) == .remote)
        budget.leave(.local)
        #expect(budget.count == 1)
    }
}
