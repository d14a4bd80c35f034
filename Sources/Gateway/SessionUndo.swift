internal import JSON
internal import Sessions

/// What a request changed in sessions before its commit. When that fails it is taken back, as far as nobody has changed
/// it again since.
package struct SessionUndo: Equatable, Sendable {
    struct Change: Equatable, Sendable {
        let key: String
        /// Nil: there was none.
        let before: Session?
        /// Nil: it was removed.
        let after: Session?
    }

    var changes: [Change] = []
}

extension GatewayCore {
    /// - Parameter before: the session as it was; it is now as the request left it.
    func undo(of key: String, _ before: Session?) -> SessionUndo {
        SessionUndo(changes: [SessionUndo.Change(key: key, before: before, after: table.sessions[key])])
    }

    mutating func takeBack(_ undo: SessionUndo) {
        for change in undo.changes {
            switch (change.before, change.after) {
            case (nil, .some(let made)): removeUnused(made)
            case (.some(let removed), nil):
                if table.sessions[change.key] == nil { table.insert(removed) }
            case (.some(let before), .some(let after)):
                table.update(change.key) { $0.takeBack(after, before) }
            case (nil, nil): break
            }
        }
    }

    /// A session that never was; unless somebody has said something in it meanwhile.
    private mutating func removeUnused(_ made: Session) {
        guard let now = table.sessions[made.key], now.sessionID == made.sessionID, now.lastSeq == made.lastSeq,
            table.turns(of: made.key).isEmpty, table.children(of: made.key).isEmpty
        else { return }
        _ = table.removeSession(made.key)
    }
}

extension Session {
    /// `lastSeq` goes on: a number is never given twice, whatever a failing disk has kept.
    fileprivate mutating func takeBack(_ after: Session, _ before: Session) {
        // What was said since belongs to the conversation that was begun.
        if sessionID == after.sessionID, lastSeq == after.lastSeq {
            sessionID = before.sessionID
            title = before.title
            preview = before.preview
            outcome = before.outcome
            abortedLastRun = before.abortedLastRun
            updatedAtMs = before.updatedAtMs
        }
        if label == after.label { label = before.label }
        for name in Set(after.overrides.map(\.name)).union(before.overrides.map(\.name))
        where overrides[name] == after.overrides[name] {
            overrides[name] = before.overrides[name]
        }
        if systemEvents == after.systemEvents { systemEvents = before.systemEvents }
    }
}
