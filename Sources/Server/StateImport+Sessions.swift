internal import Files
internal import Gateway
internal import JSON
internal import Store
internal import Synchronization
internal import Wire

/// Conversations: `agents/<agentId>/sessions/sessions.json` and the transcripts beside it.
extension StateImport {
    private static let maxTranscriptBytes = 512 << 20
    /// Of one file; the others are counted.
    private static let maxNamedLines = 20

    /// - Parameter agents: an OpenClaw `agents` directory.
    /// - Returns: nil when no agent there has sessions.
    package func importSessions(
        _ agents: String, mainKey: String, nowMs: Int64
    ) throws(StartFailure) -> [Outcome]? {
        var outcomes: [Outcome] = []
        var found = false
        let store = try openStore()
        defer { store?.close() }
        for agentID in Files.names(in: agents).sorted() {
            let directory = "\(agents)/\(agentID)/sessions"
            let index = directory + "/sessions.json"
            guard Files.exists(index) else { continue }
            found = true
            guard SessionKeySyntax.isAgentID(agentID) else {
                outcomes.append(Outcome(.skipped, index, "\(agentID) is no agent id", isDamage: true))
                continue
            }
            guard let entries = entries(index, &outcomes) else { continue }
            for (key, entry) in entries {
                do throws(ImportedSession.Damage) {
                    let session = try ImportedSession(
                        key: key, entry, agentID: agentID, mainKey: mainKey, nowMs: nowMs)
                    try take(session, directory, into: store, &outcomes)
                } catch {
                    outcomes.append(Outcome(.skipped, "session \(key)", error.why, isDamage: true))
                }
            }
        }
        return found ? outcomes : nil
    }

    private func entries(_ index: String, _ outcomes: inout [Outcome]) -> JSONObject? {
        do {
            guard let object = try JSONParser.parse(try Files.read(index, maxBytes: 64 << 20)).object else {
                outcomes.append(Outcome(.skipped, index, "is no object of sessions", isDamage: true))
                return nil
            }
            return object
        } catch let error as JSONError {
            let why = "not readable as JSON (\(error.description))"
            outcomes.append(Outcome(.skipped, index, why, isDamage: true))
        } catch {
            outcomes.append(Outcome(.skipped, index, "cannot be read (\(error))", isDamage: true))
        }
        return nil
    }

    private func take(
        _ session: ImportedSession, _ directory: String, into store: SQLiteStore?, _ outcomes: inout [Outcome]
    ) throws(ImportedSession.Damage) {
        let what = "session \(session.key)"
        var revision: Int64 = 0
        do throws(StoreError) {
            if let present = try store?.session(key: session.key) {
                guard present.sessionId != session.sessionID else {
                    outcomes.append(Outcome(.unchanged, what, "is here already"))
                    return
                }
                guard ImportedSession.isEmpty(present) else {
                    outcomes.append(Outcome(.skipped, what, "there is another conversation here under this key"))
                    return
                }
                revision = present.revision
            }
        } catch {
            throw ImportedSession.Damage(why: "cannot read the store: \(error)")
        }
        var session = session
        let remarks = readTranscript(&session, directory)
        if !isDryRun, let store {
            if let error = commit(session.operations(expectedRevision: revision), to: store) {
                throw ImportedSession.Damage(why: "cannot change the store: \(error)")
            }
        }
        let others = session.otherLines
        let messages = session.rows.count
        outcomes.append(
            Outcome(
                .imported,
                "\(what), \(messages) message\(messages == 1 ? "" : "s")"
                    + (others == 0 ? "" : ", \(others) other line\(others == 1 ? "" : "s") left out")))
        outcomes += remarks
    }

    private func readTranscript(_ session: inout ImportedSession, _ directory: String) -> [Outcome] {
        let path = "\(directory)/\(session.sessionID).jsonl"
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.read(path, maxBytes: Self.maxTranscriptBytes)
        } catch {
            if error.isMissing { return [Outcome(.noted, "session \(session.key)", "it has no transcript")] }
            return [Outcome(.skipped, path, "cannot be read (\(error.description))", isDamage: true)]
        }
        var remarks: [Outcome] = []
        var damaged = 0
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
            do throws(ImportedSession.Damage) {
                try session.take(line: Array(line), number: index + 1)
            } catch {
                damaged += 1
                guard damaged <= Self.maxNamedLines else { continue }
                remarks.append(Outcome(.skipped, "\(path):\(index + 1)", error.why, isDamage: true))
            }
        }
        if damaged > Self.maxNamedLines {
            let count = damaged - Self.maxNamedLines
            remarks.append(Outcome(.skipped, path, "and \(count) further lines like these", isDamage: true))
        }
        return remarks
    }

    /// Nil in a trial run where there is no store yet.
    private func openStore() throws(StartFailure) -> SQLiteStore? {
        guard !isDryRun || Files.exists(state.database) else { return nil }
        do throws(StoreError) {
            return try SQLiteStore(path: state.database)
        } catch {
            throw StartFailure(.importStore, "cannot open the store, no session was imported: \(error)")
        }
    }

    private func commit(_ operations: [StoreOperation], to store: SQLiteStore) -> StoreError? {
        let outcome = Mutex<Result<Void, StoreError>?>(nil)
        store.commit(operations) { result in outcome.withLock { $0 = result } }
        // Nothing else commits, and what comes after waits behind it.
        store.waitForCommits()
        switch outcome.withLock({ $0 }) {
        case .success: return nil
        case .failure(let error): return error
        case nil: return .closed
        }
    }

    /// - Parameter path: of a `cron/jobs.json`; without that file there is nothing to do.
    package func importCronJobs(_ path: String, nowMs: Int64) throws(StartFailure) -> [Outcome]? {
        let document: JSON
        do {
            document = try JSONParser.parse(try Files.read(path, maxBytes: 16 << 20))
        } catch let error as FileError where error.isMissing {
            return nil
        } catch {
            return [Outcome(.skipped, path, "cannot be read (\(error))", isDamage: true)]
        }
        guard let file = CronJobImport(document, nowMs: nowMs) else {
            return [Outcome(.skipped, path, "is no list of jobs", isDamage: true)]
        }
        let store = try openStore()
        defer { store?.close() }
        let present: Set<String>
        do throws(StoreError) {
            present = try Set(store?.load(nowMs: nowMs).cronJobs.map(\.id) ?? [])
        } catch {
            throw StartFailure(.importStore, "cannot read the store, no scheduled job was imported: \(error)")
        }
        var outcomes: [Outcome] = []
        for job in file.jobs {
            let what = "scheduled job \(job.id)"
            if present.contains(job.id) {
                outcomes.append(Outcome(.unchanged, what, "is here already"))
                continue
            }
            if !isDryRun, let store, let error = commit([.putCronJob(job, expectedRevision: 0)], to: store) {
                outcomes.append(Outcome(.skipped, what, "cannot change the store: \(error)", isDamage: true))
                continue
            }
            outcomes.append(Outcome(.imported, what))
        }
        return outcomes + file.remarks.map { Outcome($0.isSkipped ? .skipped : .noted, $0.what, $0.why) }
    }
}
