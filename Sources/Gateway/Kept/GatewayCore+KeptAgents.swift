internal import Crypto
internal import JSON
internal import Sessions
internal import Trust

/// Sessions of `mode: "session"`: their agent's process goes on from run to run, and so does the conversation with it.
extension GatewayCore {
    /// What is kept after a run; nil: nothing.
    func keptAgent(for run: Run) -> KeptAgent? {
        guard let session = table.sessions[run.sessionKey], session.acp?.isPersistent == true,
            workRuntime(of: run) == .acp, settings.catalog.acp.idleMs > 0, !run.isExternal
        else { return nil }
        return KeptAgent(
            sessionID: session.sessionID, terms: terms(of: workOrder(run)), idleMs: settings.catalog.acp.idleMs)
    }

    /// All of a work order that the process is started with.
    private func terms(of order: JSON) -> String {
        var fixed = JSONObject()
        for name in ["cwd", "env", "model", "thinking", "isolation"] { fixed[name] = order[name] }
        fixed["command"] = order["acp"]?["command"]
        fixed["permissionMode"] = order["acp"]?["permissionMode"]
        return Hex.encode(SHA256.digest(JSON.object(fixed).serialized()))
    }

    /// Whether the process of a session may go on waiting.
    package func mayKeepAgent(of sessionKey: String, _ kept: KeptAgent) -> Bool {
        guard let session = table.sessions[sessionKey], session.acp?.isPersistent == true,
            session.sessionID == kept.sessionID, settings.catalog.acp.isEnabled, settings.catalog.acp.idleMs > 0
        else { return false }
        // Its line stands for it, whether or not it does something now.
        guard let entry = trust.lineage.entry(forSession: sessionKey), case .revoked = entry.state else { return true }
        return false
    }

    /// Somebody ends what a session has to do: its agent goes, too.
    func closeKeptAgent(of sessionKey: String) -> [Effect] {
        guard table.sessions[sessionKey]?.acp?.isPersistent == true else { return [] }
        return [.closeKept(sessionKey: sessionKey)]
    }

    /// Messages for a session that goes on wait for what it was spawned to do.
    func isAtFirstPrompt(_ key: String) -> Bool {
        guard table.sessions[key]?.acp?.isPersistent == true, let run = table.run(ofSession: key) else { return false }
        return !run.phase.isEnded
    }
}
