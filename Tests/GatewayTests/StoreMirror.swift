import Store
import Testing

/// What a store would hold after the commits so far.
struct StoreMirror {
    var sessions: [String: SessionRecord] = [:]
    var runs: [String: RunRecord] = [:]
    var grants: [String: GrantRecord] = [:]
    var results: [String: ResultRecord] = [:]
    var devices: [String: DeviceRecord] = [:]
    var deviceTokens: [String: DeviceTokenRecord] = [:]
    var pending: [String: PendingPairingRecord] = [:]
    var invitations: [String: InvitationRecord] = [:]
    var meta: [String: MetaRecord] = [:]
    var cronJobs: [String: CronJobRecord] = [:]
    var cronRuns: [String: CronRunRecord] = [:]
    /// By session id.
    var transcripts: [String: [TranscriptRecord]] = [:]
    var archived: [String: TranscriptArchiveRecord.Reason] = [:]
    /// How often a run was stored as ended, and a result was written.
    var ends: [String: Int] = [:]
    var resultWrites: [String: Int] = [:]

    mutating func apply(_ operations: [StoreOperation]) {
        for operation in operations { apply(operation) }
    }

    private mutating func apply(_ operation: StoreOperation) {
        switch operation {
        case .putSession(let record, _): sessions[record.key] = record
        case .deleteSession(let key): sessions[key] = nil
        case .putRun(let record, _):
            runs[record.runId] = record
            if record.endedAtMs != nil { ends[record.runId, default: 0] += 1 }
        case .deleteRun(let id): runs[id] = nil
        case .putGrant(let record, _): grants[record.childDeviceId] = record
        case .deleteGrant(let id): grants[id] = nil
        case .putResult(let record, _):
            results[record.runId] = record
            resultWrites[record.runId, default: 0] += 1
        case .acknowledgeResult(let id, let atMs):
            if results[id]?.acknowledgedAtMs == nil { results[id]?.acknowledgedAtMs = atMs }
        case .putDevice(let record, _): devices[record.deviceId] = record
        case .removeDevice(let id):
            devices[id] = nil
            deviceTokens = deviceTokens.filter { $0.value.deviceId != id }
        case .putDeviceToken(let record, _): deviceTokens["\(record.deviceId) \(record.role)"] = record
        case .removeDeviceToken(let id, let role): deviceTokens["\(id) \(role)"] = nil
        case .putPending(let record, _): pending[record.requestId] = record
        case .removePending(let id): pending[id] = nil
        case .putInvitation(let record, _): invitations[record.id] = record
        case .removeInvitation(let id): invitations[id] = nil
        case .putMeta(let record, _): meta[record.key] = record
        case .putCronJob(let record, _): cronJobs[record.id] = record
        case .removeCronJob(let id): cronJobs[id] = nil
        case .putCronRun(let record, _):
            #expect(cronRuns[record.id]?.finishedAtMs == nil, "a firing ends once")
            cronRuns[record.id] = record
        case .removeCronRun(let id): cronRuns[id] = nil
        case .appendTranscript(let record):
            #expect(transcripts[record.sessionId]?.contains { $0.seq == record.seq } != true, "a seq is given once")
            transcripts[record.sessionId, default: []].append(record)
        case .copyTranscript(let source, let target): transcripts[target] = transcripts[source]
        case .archiveTranscript(let id, _, _, let reason, _): archived[id] = reason
        case .deleteTranscript(let id): transcripts[id] = nil
        case .compactTranscript(let id, let kept, let archive, _, _, _):
            let rows = transcripts[id] ?? []
            guard rows.count > kept else { return }
            transcripts[archive] = Array(rows.dropLast(kept))
            archived[archive] = .compacted
            transcripts[id] = rows.suffix(kept)
        default: break
        }
    }

    func answer(_ query: StoreQuery) -> StoreAnswer {
        func page(_ id: String, _ limit: Int) -> TranscriptPage {
            let rows = transcripts[id] ?? []
            return TranscriptPage(rows: rows.suffix(limit), hasMore: rows.count > limit)
        }
        switch query {
        case .transcript(let id, _, let limit, _): return .transcript(page(id, limit))
        case .transcriptTails(let ids, let limit, _):
            return .transcriptTails(Dictionary(uniqueKeysWithValues: Set(ids).map { ($0, page($0, limit)) }))
        case .message(let id, let messageID):
            return .message(transcripts[id]?.first { $0.messageId == messageID })
        case .run(let runID): return .run(runs[runID])
        case .results(let runIDs): return .results(runIDs.compactMap { results[$0] })
        case .cronRuns(let filter):
            let runs = cronRuns.values.filter { run in
                run.finishedAtMs != nil && (filter.jobId.map { $0 == run.jobId } ?? true)
            }
            return .cronRuns(CronRunPage(runs: runs.sorted { $0.id > $1.id }, total: runs.count))
        default:
            Issue.record("the core asks what this store does not know")
            return .message(nil)
        }
    }

    /// As the store selects at a start.
    var snapshot: StoreSnapshot {
        var snapshot = StoreSnapshot()
        snapshot.sessions = sessions.values.sorted { $0.key < $1.key }
        snapshot.runs = runs.values.filter { $0.endedAtMs == nil }.sorted { $0.runId < $1.runId }
        snapshot.endedRuns = runs.values.filter { $0.endedAtMs != nil }.sorted { $0.runId < $1.runId }
        snapshot.grants = grants.values.sorted { $0.childDeviceId < $1.childDeviceId }
        snapshot.devices = devices.values.sorted { $0.deviceId < $1.deviceId }
        snapshot.deviceTokens = deviceTokens.values.sorted { $0.deviceId < $1.deviceId }
        snapshot.pendingPairings = pending.values.sorted { $0.requestId < $1.requestId }
        snapshot.invitations = invitations.values.sorted { $0.id < $1.id }
        snapshot.cronJobs = cronJobs.values.sorted { $0.id < $1.id }
        snapshot.cronRuns = cronRuns.values.filter { $0.finishedAtMs == nil }.sorted { $0.id < $1.id }
        snapshot.meta = meta.values.sorted { $0.key < $1.key }
        return snapshot
    }
}
