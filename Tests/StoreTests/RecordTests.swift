import Testing

@testable import Store

@Suite("Records")
struct RecordTests {
    private let directory = TemporaryDirectory()

    /// Puts each record and reads its table from a connection of its own.
    private func roundTrip<Record: StoredRecord & Equatable>(
        _ records: [Record], _ operation: (Record) -> StoreOperation
    ) async throws {
        let store = try SQLiteStore(path: directory.database)
        let reader = try Connection(path: directory.database, busyTimeoutMs: 1000)
        for (index, record) in records.enumerated() {
            try await store.commit([operation(record)])
            var expected = record
            expected.revision = Int64(index + 1)
            let found = try reader.records(of: Record.self).filter { $0.identity == record.identity }
            #expect(found == [expected])
        }
        store.close()
    }

    @Test("sessions come back as they were put")
    func sessions() async throws {
        var same = Sample.plainSession
        same.key = Sample.session.key
        try await roundTrip([Sample.session, same, Sample.session]) { .putSession($0) }
    }

    @Test("runs come back as they were put, in every status")
    func runs() async throws {
        let all = RunRecord.Status.allCases.map { status in
            var run = Sample.plainRun
            run.status = status
            return run
        }
        try await roundTrip([Sample.run] + all) { .putRun($0) }
    }

    @Test("grants come back as they were put")
    func grants() async throws { try await roundTrip([Sample.grant, Sample.plainGrant]) { .putGrant($0) } }

    @Test("results come back as they were put, with 100 KiB of text")
    func results() async throws {
        var long = Sample.result
        long.text = String(repeating: "€", count: 34_133)
        try await roundTrip([Sample.result, Sample.plainResult, long]) { .putResult($0) }
    }

    @Test("devices come back as they were put")
    func devices() async throws { try await roundTrip([Sample.device, Sample.plainDevice]) { .putDevice($0) } }

    @Test("device tokens come back as they were put")
    func tokens() async throws { try await roundTrip([Sample.token, Sample.plainToken]) { .putDeviceToken($0) } }

    @Test("pairing requests come back as they were put")
    func pendings() async throws { try await roundTrip([Sample.pending, Sample.plainPending]) { .putPending($0) } }

    @Test("idempotency keys, revocations and values come back as they were put")
    func others() async throws {
        try await roundTrip([Sample.idempotency]) { .putIdempotency($0) }
        try await roundTrip([Sample.revocation]) { .putRevocation($0) }
        try await roundTrip([Sample.meta]) { .putMeta($0) }
    }

    @Test("keys and digests that are not 32 bytes are refused", arguments: [0, 31, 33])
    func lengths(_ count: Int) async throws {
        let store = try SQLiteStore(path: directory.database)
        var (grant, token, device) = (Sample.grant, Sample.token, Sample.device)
        grant.runTokenSHA256 = [UInt8](repeating: 1, count: count)
        token.tokenSHA256 = [UInt8](repeating: 1, count: count)
        device.publicKey = [UInt8](repeating: 1, count: count)
        for operation in [StoreOperation.putGrant(grant), .putDeviceToken(token), .putDevice(device)] {
            await #expect(throws: StoreError.self) { try await store.commit([operation]) }
        }
        #expect(try store.load(nowMs: 0).devices == [])
    }

    @Test("records are removed, and removing nothing is no error")
    func removal() async throws {
        let store = try SQLiteStore(path: directory.database)
        let removals: [StoreOperation] = [
            .deleteSession(key: Sample.plainSession.key), .deleteRun(runId: "run"),
            .deleteGrant(childDeviceId: "child"),
            .removeDevice(deviceId: "device"), .removeDeviceToken(deviceId: "device", role: "operator"),
            .removePending(requestId: "request"), .removeIdempotency(scope: "spawn", key: "key"),
            .removeMeta(key: "instance"),
            .deleteTranscript(sessionId: "s"), .acknowledgeResult(runId: "none", atMs: 1),
        ]
        try await store.commit(removals)
        try await store.commit([
            .putSession(Sample.plainSession), .putRun(Sample.plainRun), .putGrant(Sample.plainGrant),
            .putDevice(Sample.device),
            .putDeviceToken(Sample.token), .putPending(Sample.pending), .putIdempotency(Sample.idempotency),
            .putMeta(Sample.meta),
            .appendTranscript(Sample.row("s")),
        ])
        #expect(try store.load(nowMs: 2) != StoreSnapshot())
        try await store.commit(removals)
        #expect(try store.load(nowMs: 2) == StoreSnapshot())
        #expect(try await store.rows("s") == [])
    }

    @Test("a removed device takes its tokens along, and no other's")
    func deviceTokens() async throws {
        let store = try SQLiteStore(path: directory.database)
        var other = Sample.token
        other.deviceId = "other"
        try await store.commit([.putDevice(Sample.device), .putDeviceToken(Sample.token), .putDeviceToken(other)])
        try await store.commit([.removeDevice(deviceId: "device")])
        #expect(try store.load(nowMs: 0).deviceTokens.map(\.deviceId) == ["other"])
    }
}

@Suite("Lists in one column")
struct StringListTests {
    @Test("every list comes back", arguments: [[], [""], ["", ""], ["a"], Sample.hostile, Sample.hostile.reversed()])
    func roundTrip(_ list: [String]) {
        #expect(StringList.decode(StringList.encode(list)) == list)
    }

    @Test("a cut list is no list")
    func cuts() {
        let text = Array(StringList.encode(Sample.hostile).unicodeScalars)
        for end in 0..<text.count {
            var cut = String.UnicodeScalarView()
            cut.append(contentsOf: text[..<end])
            #expect(StringList.decode(String(cut)) == nil)
        }
    }

    @Test(
        "what we do not write is refused",
        arguments: [
            "", "[", "x", "[a]", "[\"a\"\"b\"]", "[\"a\",]", "[,\"a\"]", "[\"\\n\"]", "[\"\\u0041\"]", "[\"\\u00\"]",
            "[\"a]",
        ])
    func invalid(_ text: String) {
        #expect(StringList.decode(text) == nil)
    }

    @Test("the text is what other tools read as JSON")
    func json() {
        #expect(StringList.encode(["a", "\"\\\n"]) == #"["a","\"\\\u000a"]"#)
    }
}
