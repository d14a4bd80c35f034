import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Housekeeping")
struct HousekeepingTests {
    private func committed(_ gateway: TestGateway) -> [StoreOperation] {
        gateway.steps.flatMap { step -> [StoreOperation] in
            guard case .commit(let operations) = step else { return [] }
            return operations
        }
    }

    @Test("the grant of a long run is renewed before it expires")
    func renewal() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let order = try #require(child.order)
        for _ in 0..<60 { gateway.advance(ms: 3_000_000) }
        let record = try #require(gateway.store.grants[order.identity.deviceID])
        #expect(record.expiresAtMs > gateway.nowMs)
        #expect(gateway.end(of: child.runID) == nil)
        gateway.connect(.worker(order))
        #expect(gateway.takeSteps().names.last == "open")
        gateway.complete(worker, child.runID)
        #expect(gateway.end(of: child.runID)?.status == .ok)
    }

    @Test("a tombstone stays for 24 h and 120 s, then goes from memory and store")
    func tombstones() throws {
        let gateway = try TestGateway(limits: { $0.archiveAfterMinutes = 0 })
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.complete(worker, child.runID)
        let id = try #require(child.order).identity.deviceID
        gateway.advance(ms: LineageRegistry.tombstoneMs)
        #expect(gateway.store.grants[id] != nil)
        gateway.advance(ms: 60_000)
        #expect(gateway.store.grants[id] == nil)
        #expect(gateway.core.trust.lineage[id] == nil)
    }

    @Test("a finished session is archived after archiveAfterMinutes")
    func archive() throws {
        let gateway = try TestGateway(limits: { $0.archiveAfterMinutes = 2 })
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.complete(worker, child.runID)
        gateway.advance(ms: 119_999)
        #expect(gateway.core.table.sessions[child.sessionKey] != nil)
        gateway.advance(ms: 60_000)
        #expect(gateway.core.table.sessions[child.sessionKey] == nil)
        #expect(gateway.store.sessions[child.sessionKey] == nil)
        gateway.advance(ms: 3_600_000)
        #expect(gateway.core.table.runs[child.runID] == nil)
    }

    @Test("archived transcripts are purged each hour, unless they are kept for good")
    func archives() throws {
        for retention in [nil, 1_000_000] as [Int64?] {
            let gateway = try TestGateway(settings: { $0.archiveRetentionMs = retention })
            gateway.advance(ms: 3_600_000)
            let purged = committed(gateway).compactMap { operation -> Int64? in
                guard case .purge(.transcriptArchives, let beforeMs) = operation else { return nil }
                return beforeMs
            }
            #expect(purged == (retention.map { [gateway.nowMs - $0] } ?? []))
        }
    }
}
