internal import Crypto
internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// Files that a spawn brings along: kept with the run until it ends, in rows of a transcript that no session has, and
/// written by the worker into the run's own directory.
extension GatewayCore {
    static func attachmentRows(of runID: String) -> String { "attachments:\(runID)" }

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
    static func summary(_ attachments: SpawnAttachments) -> JSON? {
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
        summary["mountPath"] = attachments.mountPath.map { .string($0) }
        return .object(summary)
    }

    func hasAttachments(_ run: Run) -> Bool {
        !run.isTurn && table.sessions[run.sessionKey]?.overrides["attachments"] != nil
    }

    /// The order of a run whose files had to be read first.
    func workOrder(_ runID: String, with page: TranscriptPage) -> JSON {
        guard let run = table.runs[runID], var order = workOrder(run).object else { return .null }
        order["attachments"] = .array(page.rows.compactMap { try? JSONParser.parse($0.body) })
        let summary = table.sessions[run.sessionKey]?.overrides["attachments"]
        order["attachMountPath"] = summary?["mountPath"]
        return .object(order)
    }
}
