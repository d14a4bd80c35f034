internal import Crypto
internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// Files that a spawn brings along: kept with the run until it ends, or with its session, in rows of a transcript that no
/// session has, and written by the worker into the run's own directory.
extension GatewayCore {
    static func attachmentRows(of runID: String) -> String { "attachments:\(runID)" }

    /// Those that a run gets: its own, or what its session was spawned with.
    static func attachmentRows(of run: Run) -> String {
        attachmentRows(of: run.isTurn ? SessionKeySyntax.spawnID(of: run.sessionKey) ?? run.runID : run.runID)
    }

    /// What becomes of them when their session goes.
    static func dropRetainedAttachments(of session: Session) -> [StoreOperation] {
        guard isRetained(session), let spawnID = SessionKeySyntax.spawnID(of: session.key) else { return [] }
        return [.deleteTranscript(sessionId: attachmentRows(of: spawnID))]
    }

    private static let retained = "retained"

    private static func isRetained(_ session: Session) -> Bool {
        session.overrides["attachments"]?[retained]?.bool == true
    }

    func store(_ attachments: SpawnAttachments, for run: Run, nowMs: Int64) -> [StoreOperation] {
        attachments.files.enumerated().map { index, file in
            var body = JSONObject([("name", .string(file.name)), ("content", .string(Base64.encode(file.bytes)))])
            body["mimeType"] = file.mimeType.map { .string($0) }
            return .appendTranscript(
                TranscriptRecord(
                    sessionId: Self.attachmentRows(of: run.runID), seq: Int64(index + 1), role: "attachment",
                    body: JSON.object(body).serialized(), timestampMs: nowMs, runId: run.runID,
                    messageId: "attachment-\(index + 1)"))
        }
    }

    /// What the answer to the spawn says of them, and the session's row.
    static func summary(_ attachments: SpawnAttachments, isRetained: Bool) -> JSON? {
        guard !attachments.files.isEmpty else { return nil }
        var summary = JSONObject([
            ("count", .integer(Int64(attachments.files.count))),
            ("totalBytes", .integer(Int64(attachments.totalBytes))),
            (
                "files",
                .array(
                    attachments.files.map { file in
                        [
                            "name": .string(file.name), "bytes": .integer(Int64(file.bytes.count)),
                            "sha256": .string(file.sha256),
                        ]
                    })
            ),
            ("relDir", .string(SpawnAttachments.directory)),
        ])
        if isRetained { summary[retained] = true }
        summary["mountPath"] = attachments.mountPath.map { .string($0) }
        return .object(summary)
    }

    func hasAttachments(_ run: Run) -> Bool {
        guard let session = table.sessions[run.sessionKey], session.overrides["attachments"] != nil else {
            return false
        }
        return !run.isTurn || Self.isRetained(session)
    }

    /// Whether they go with the end of this run.
    func dropsAttachments(_ run: Run) -> Bool {
        hasAttachments(run) && table.sessions[run.sessionKey].map(Self.isRetained) != true
    }

    /// The order of a run whose files had to be read first.
    func workOrder(_ runID: String, with page: TranscriptPage) -> JSON {
        guard let run = table.runs[runID], var order = workOrder(run).object else { return .null }
        order["attachments"] = .array(page.rows.compactMap { try? JSONParser.parse($0.body) })
        let summary = table.sessions[run.sessionKey]?.overrides["attachments"]
        order["attachMountPath"] = summary?["mountPath"]
        if summary?[Self.retained]?.bool == true { order["attachmentsStay"] = true }
        // The agent has seen them with its first prompt.
        if run.isTurn { order["attachmentsAreKnown"] = true }
        return .object(order)
    }
}
