import Foundation
import Synchronization
import Testing

@testable import Store

@Suite("Reading on other threads")
struct QueryTests {
    private let directory = TemporaryDirectory()

    /// Threads of this process with a database open count as many descriptors of it.
    private func descriptors() -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.count { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)"))
                == URL(fileURLWithPath: directory.database).resolvingSymlinksInPath().path
        }
    }

    @Test("what was committed is seen by a query that is asked in the commit's completion")
    func readYourWrites() async throws {
        let store = try SQLiteStore(path: directory.database)
        for number in 1...200 {
            let answer = await withCheckedContinuation { continuation in
                store.commit([.appendTranscript(Sample.row("s", "\(number)"))]) { _ in
                    store.query(.message(sessionId: "s", messageId: "\(number)")) { continuation.resume(returning: $0) }
                }
            }
            guard case .success(.message(let row)) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(row?.seq == Int64(number))
        }
    }

    @Test("no reader is there before the first query, and no more than allowed after many")
    func laziness() async throws {
        var options = SQLiteStore.Options()
        options.maxReaders = 3
        let store = try SQLiteStore(path: directory.database, options: options)
        let before = descriptors()
        try await store.commit([.appendTranscript(Sample.row("s"))])
        #expect(descriptors() == before)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<300 { group.addTask { _ = try await store.rows("s") } }
            try await group.waitForAll()
        }
        #expect(descriptors() > before && descriptors() <= before + 3)
        store.close()
        #expect(descriptors() == 0)
    }

    @Test("a slow answer holds up one reader, not the other one and not the writer")
    func slowCompletion() async throws {
        let store = try SQLiteStore(path: directory.database)
        let (reached, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        store.query(.transcript(sessionId: "s", limit: 1)) { _ in
            reached.signal()
            release.wait()
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                reached.wait()
                continuation.resume()
            }
        }
        try await store.commit([.appendTranscript(Sample.row("s"))])
        #expect(try await store.rows("s").count == 1)
        release.signal()
        store.close()
    }

    @Test("more queries than may wait are refused at once, closing fails those that wait, and each is answered once")
    func overload() async throws {
        var options = SQLiteStore.Options()
        (options.maxReaders, options.maxQueuedQueries) = (1, 3)
        let store = try SQLiteStore(path: directory.database, options: options)
        let (reached, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let answers = Mutex<[Result<StoreAnswer, StoreError>]>([])
        store.query(.run(runId: "r")) { answer in
            reached.signal()
            release.wait()
            answers.withLock { $0.append(answer) }
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                reached.wait()
                continuation.resume()
            }
        }
        for _ in 0..<10 { store.query(.run(runId: "r")) { answer in answers.withLock { $0.append(answer) } } }
        #expect(answers.withLock { $0 } == Array(repeating: .failure(.overloaded(limit: 3)), count: 7))
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) { release.signal() }
        store.close()
        #expect(answers.withLock { $0.count } == 11)
        #expect(answers.withLock { $0.filter { $0 == .failure(.closed) }.count } == 3)
        #expect(answers.withLock { $0.contains(.success(.run(nil))) })
        await #expect(throws: StoreError.closed) { _ = try await store.ask(.run(runId: "r")) }
    }

    @Test("closing from an answer does not wait for itself")
    func closingFromCompletion() async throws {
        let store = try SQLiteStore(path: directory.database)
        await withCheckedContinuation { continuation in
            store.query(.run(runId: "r")) { _ in
                store.close()
                continuation.resume()
            }
        }
        await #expect(throws: StoreError.closed) { try await store.commit([]) }
    }

    @Test("readers and writer at once: a page never shows half a commit")
    func consistency() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<300 {
                    try await store.commit([
                        .appendTranscript(Sample.row("s", "\(number)a")),
                        .appendTranscript(Sample.row("s", "\(number)b")),
                    ])
                }
            }
            for _ in 0..<3 {
                group.addTask {
                    for _ in 0..<200 {
                        let rows = try await store.rows("s")
                        #expect(rows.count % 2 == 0)
                        #expect(rows.map(\.seq) == Array(1..<Int64(rows.count + 1)))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
