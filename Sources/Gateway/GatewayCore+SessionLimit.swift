internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// Anybody who may write opens a session by naming it: their number is bounded.
extension GatewayCore {
    /// Lets go of the sessions that have been idle for longest, once there are too many.
    mutating func makeRoomForSession() throws(GatewayError) {
        let limit = settings.conversation.maxSessions
        guard table.sessions.count >= limit else { return }
        let idle = settings.conversation.archivesOldest ? table.sessions.values.filter(mayBeLetGo) : []
        guard !idle.isEmpty else {
            throw GatewayError(.unavailable, .tooManySessions, "there are \(table.sessions.count) sessions already")
        }
        // Some at once, so that not every new session looks through all.
        for session in idle.sorted(by: { $0.updatedAtMs < $1.updatedAtMs }).prefix(max(1, limit / 100)) {
            _ = table.removeSession(session.key)
            letGo.append(session)
        }
    }

    private func mayBeLetGo(_ session: Session) -> Bool {
        session.kind == .chat && session.overrides["pinned"] != true && SessionKeySyntax.mayBeOpened(session.key)
            && table.turns(of: session.key).isEmpty && table.children(of: session.key).isEmpty
    }

    /// Their transcripts go into the archive.
    mutating func archiveLetGo(nowMs: Int64) -> [Effect] {
        guard !letGo.isEmpty else { return [] }
        var operations: [StoreOperation] = []
        var heard: [Effect] = []
        for session in letGo {
            // Somebody may have opened it anew.
            if table.sessions[session.key] == nil {
                operations.append(.deleteSession(key: session.key))
                heard += sessionsChanged(session.key, reason: "delete", nowMs: nowMs)
            }
            operations.append(
                .archiveTranscript(
                    sessionId: session.sessionID, sessionKey: session.key, agentId: session.agentID,
                    reason: .deleted, atMs: nowMs))
        }
        let line = LogLine(
            .info, "sessions",
            "archived \(letGo.count) idle sessions: more than session.maintenance.maxEntries "
                + "(\(settings.conversation.maxSessions))")
        letGo = []
        return [.commit(operations, then: heard, failure: .background), .log(line)]
    }
}
