internal import JSON
internal import Sessions
package import Store
internal import Wire

/// Answers for which the store was read.
extension GatewayCore {
    package mutating func wasRead(
        _ reading: StoreReading, _ result: Result<StoreAnswer, StoreError>, nowMs: Int64
    ) -> [Effect] {
        switch reading.view {
        case .localWork(let order):
            switch result {
            case .success(.transcript(let page)): return localWorkRead(order, page)
            case .success: return []
            case .failure(let error):
                return launchFailed(runID: order.runID, why: "its files cannot be read: \(error)", nowMs: nowMs)
            }
        case .end(let run, let waiter): return endWasRead(of: run, for: waiter, result, nowMs: nowMs)
        case .group(let group): return [endsWereRead(for: group, result)]
        default: break
        }
        guard let request = reading.request else { return [] }
        let answer: StoreAnswer
        switch result {
        case .success(let read): answer = read
        case .failure(let error):
            return [.respond(request.connection, Self.unreadable(request.id, error))]
        }
        if case .forgottenRun = reading.view, case .run(let record) = answer {
            return forgottenRunWasRead(record, for: request, nowMs: nowMs)
        }
        let payload =
            switch (reading.view, answer) {
            case (.history(let asked, let key, let maxCharacters), .transcript(let page)):
                history(asked: asked, key: key, page, maxCharacters: maxCharacters)
            case (.messages(let key), .transcript(let page)):
                JSON.object(
                    JSONObject([
                        ("key", .string(key)), ("messages", .array(page.rows.map { TranscriptView.message($0) })),
                        ("hasMore", .bool(page.hasMore)),
                    ]))
            case (.message(let maxCharacters), .message(let row)): single(row, maxCharacters: maxCharacters)
            case (.previews(let keys, let maxCharacters), .transcriptTails(let pages)):
                previews(keys, pages, maxCharacters: maxCharacters, nowMs: nowMs)
            case (.toolHistory(let key, let includesTools), .transcript(let page)):
                toolHistory(key: key, page, includesTools: includesTools)
            case (.workOrder(let runID), .transcript(let page)): workOrder(runID, with: page)
            case (.cronRuns(let limit, let offset), .cronRuns(let page)):
                cronRunsPage(page, limit: limit, offset: offset)
            default: JSON.null
            }
        return [.respond(request.connection, Frames.response(id: request.id, payload: payload))]
    }

    private func history(asked: String, key: String, _ page: TranscriptPage, maxCharacters: Int) -> JSON {
        let session = table.sessions[key]
        var result = JSONObject([
            ("sessionKey", .string(asked)),
            // Never empty: clients take it for a name.
            ("sessionId", .string(session?.sessionID ?? key)),
            ("messages", .array(page.rows.map { TranscriptView.message($0, maxCharacters: maxCharacters) })),
            ("hasMore", .bool(page.hasMore)),
        ])
        for name in ["thinkingLevel", "fastMode", "verboseLevel"] { result[name] = session?.overrides[name] }
        result["sessionInfo"] = session.map { .object(rowFields($0)) }
        if let run = table.activeTurn(of: key) ?? table.run(ofSession: key), !run.phase.isEnded {
            result["inFlightRun"] = .object(
                JSONObject([("runId", .string(run.runID)), ("text", .string(progress[run.runID]?.text ?? ""))]))
        }
        return .object(result)
    }

    private func single(_ row: TranscriptRecord?, maxCharacters: Int) -> JSON {
        guard let row else {
            return .object(JSONObject([("ok", false), ("unavailableReason", "not_found")]))
        }
        return .object(
            JSONObject([("ok", true), ("message", TranscriptView.message(row, maxCharacters: maxCharacters))]))
    }

    private func previews(
        _ keys: [(key: String, sessionID: String?)], _ pages: [String: TranscriptPage], maxCharacters: Int,
        nowMs: Int64
    ) -> JSON {
        let previews = keys.map { key, sessionID -> JSON in
            let rows = sessionID.flatMap { pages[$0]?.rows } ?? []
            let status = sessionID == nil ? "missing" : rows.isEmpty ? "empty" : "ok"
            return .object(
                JSONObject([
                    ("key", .string(key)), ("status", .string(status)),
                    ("items", .array(rows.map { TranscriptView.previewItem($0, maxCharacters: maxCharacters) })),
                ]))
        }
        return .object(JSONObject([("ts", .integer(nowMs)), ("previews", .array(previews))]))
    }
}
