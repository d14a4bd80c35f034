import Foundation
import Synchronization

@testable import Store

/// A directory of one test, removed with it.
final class TemporaryDirectory: Sendable {
    let path: String
    var database: String { "\(path)/state/sallyport.sqlite" }

    init() {
        path = NSTemporaryDirectory() + "/sallyport-store-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension Store {
    func commit(_ operations: [StoreOperation]) async throws(StoreError) {
        let result = await withCheckedContinuation { continuation in
            commit(operations) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    func ask(_ query: StoreQuery) async throws(StoreError) -> StoreAnswer {
        let result = await withCheckedContinuation { continuation in
            self.query(query) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// A whole transcript.
    func rows(_ sessionId: String) async throws -> [TranscriptRecord] {
        guard case .transcript(let page) = try await ask(.transcript(sessionId: sessionId, limit: .max)) else {
            throw StoreError.closed
        }
        return page.rows
    }

    /// Waits for everything before it.
    func settle() async { _ = try? await commit([]) }
}

/// What completions said, in the order in which they were called.
final class Completions: Sendable {
    private let results = Mutex<[(label: Int, result: Result<Void, StoreError>)]>([])

    func note(_ label: Int) -> @Sendable (Result<Void, StoreError>) -> Void {
        { result in self.results.withLock { $0.append((label, result)) } }
    }

    var labels: [Int] { results.withLock { $0.map(\.label) } }
    var errors: [Int: StoreError] {
        results.withLock { results in
            var errors: [Int: StoreError] = [:]
            for case (let label, .failure(let error)) in results { errors[label] = error }
            return errors
        }
    }
}

/// Calls of several threads, in the order in which they were made.
final class SubmissionOrder: Sendable {
    private let noted = Mutex<[Int]>([])

    var labels: [Int] { noted.withLock { $0 } }

    /// Makes the call under a lock, so that its place is known.
    func note(_ label: Int, _ call: () -> Void) {
        noted.withLock { noted in
            noted.append(label)
            call()
        }
    }
}

/// Holds up the store's thread in a completion, so that what is submitted meanwhile becomes one group.
final class Barrier: Sendable {
    private let reached = DispatchSemaphore(value: 0)
    private let lifted = DispatchSemaphore(value: 0)

    init(_ store: some Store) {
        store.commit([]) { _ in
            self.reached.signal()
            self.lifted.wait()
        }
        reached.wait()
    }

    func lift() { lifted.signal() }
}

enum Sample {
    static let key32 = (0..<32).map { UInt8($0 * 7 % 251) }
    /// What a separator in one column would tear apart.
    static let hostile = ["operator.read", "a b", "x,y", "\"q\"", "back\\slash", "nul\0\u{1}\n", "", "[]", "ü€😀"]

    static let session = SessionRecord(
        key: "agent:main:subagent:1", sessionId: "id", agentId: "main", kind: "spawned", label: "label\0 with NUL €",
        parentKey: "parent", requesterKey: "requester", spawnDepth: 3, createdAtMs: 1, updatedAtMs: .max,
        archivedAtMs: .min, json: [0, 1, 255])
    static let plainSession = SessionRecord(
        key: "agent:main:main", sessionId: "id", agentId: "main", kind: "primary", createdAtMs: 1, updatedAtMs: 2)
    static let run = RunRecord(
        runId: "run", sessionKey: "session", requesterKey: "requester", askerKind: .device, askerId: "asker",
        agentId: "main",
        runtime: "acp", task: "task", label: "label", mode: "run", cleanup: "keep", status: .timeout, cause: "cause",
        exitCode: -1,
        acceptedAtMs: 1, launchedAtMs: 2, startedAtMs: 3, endedAtMs: 4, runTimeoutSeconds: 5, spawnTimeoutMs: 6,
        external: true,
        idempotencyKey: "key")
    static let plainRun = RunRecord(
        runId: "run", sessionKey: "session", requesterKey: "requester", askerKind: .session, askerId: "asker",
        agentId: "main",
        runtime: "subagent", task: "", mode: "run", cleanup: "keep", status: .queued, acceptedAtMs: 1,
        spawnTimeoutMs: 30_000)
    static let grant = GrantRecord(
        childDeviceId: "child", issuerDeviceId: "issuer", spawnId: "jti", sessionKey: "sid", publicKey: key32,
        scopes: hostile,
        depth: 4, principalKind: .device, principalId: "principal", askerDeviceId: "asker", runId: "run",
        registered: true,
        notBeforeMs: 1, expiresAtMs: 2, runTokenSHA256: key32.reversed(), state: .revoked, endedAtMs: 3,
        tombstoneUntilMs: 4)
    static let plainGrant = GrantRecord(
        childDeviceId: "child", issuerDeviceId: "issuer", spawnId: "jti", sessionKey: "sid", publicKey: key32,
        scopes: [],
        depth: 0, principalKind: .none, runId: "run", registered: false, notBeforeMs: 1, expiresAtMs: 2, state: .live)
    static let result = ResultRecord(
        runId: "run", requesterKey: "requester", status: .ok, exitCode: 0, text: "text", totalBytes: 1 << 40,
        createdAtMs: 1,
        acknowledgedAtMs: 2, attempts: 3)
    static let plainResult = ResultRecord(
        runId: "run", requesterKey: "requester", status: .killed, text: "", totalBytes: 0, createdAtMs: 1)
    static let device = DeviceRecord(
        deviceId: "device", publicKey: key32, displayName: "name", platform: "linux", deviceFamily: "family",
        clientId: "client", clientMode: "mode", roles: ["operator", "node"], approvedScopes: hostile,
        approvedVia: "owner",
        remoteIp: "::1", createdAtMs: 1, approvedAtMs: 2, lastSeenAtMs: 3)
    static let plainDevice = DeviceRecord(
        deviceId: "device", publicKey: key32, roles: [], approvedScopes: [], approvedVia: "", createdAtMs: 1,
        approvedAtMs: 2)
    static let token = DeviceTokenRecord(
        deviceId: "device", role: "operator", tokenSHA256: key32, scopes: hostile, issuerKind: "kind",
        issuerGeneration: 7,
        createdAtMs: 1, rotatedAtMs: 2, revokedAtMs: 3, lastUsedAtMs: 4)
    static let plainToken = DeviceTokenRecord(
        deviceId: "device", role: "operator", tokenSHA256: key32, scopes: [""], createdAtMs: 1)
    static let pending = PendingPairingRecord(
        requestId: "request", deviceId: "device", publicKey: key32, displayName: "name", platform: "linux",
        deviceFamily: "family", clientId: "client", clientMode: "mode", role: "operator", roles: ["operator"],
        scopes: hostile,
        remoteIp: "10.0.0.1", silent: true, isRepair: true, createdAtMs: 1)
    static let plainPending = PendingPairingRecord(
        requestId: "request", deviceId: "device", publicKey: key32, role: "", roles: [], scopes: [], createdAtMs: 1)
    static let idempotency = IdempotencyRecord(scope: "spawn", key: "key", value: [], createdAtMs: 1)
    static let revocation = RevocationRecord(deviceId: "device", reason: "lost", atMs: 1)
    static let meta = MetaRecord(key: "instance", value: [1, 2, 3])

    /// A row of a transcript whose text is also its message id.
    static func row(_ sessionId: String, _ text: String = "1", seq: Int64 = 0) -> TranscriptRecord {
        TranscriptRecord(
            sessionId: sessionId, seq: seq, role: "user", body: Array(text.utf8), timestampMs: 7,
            runId: seq == 0 ? nil : "run", messageId: text)
    }

    /// A session that differs from others only by its number.
    static func session(_ number: Int) -> SessionRecord {
        var record = plainSession
        record.key = "session-\(number)"
        return record
    }
}
