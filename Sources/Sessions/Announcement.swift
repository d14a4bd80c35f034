/// How a result finds its way to the session that asked for it when nobody waits there: as a message to its agent
/// (sessions and configuration reference, 3.2).
package enum Announcement {
    /// Attempts, each a turn; what still fails then stays to be asked for.
    package static let maxAttempts = 3
    private static let prefix = "announce:"

    /// The id of the turn that carries a result: the same result is carried once for each attempt.
    package static func runID(of runID: String, attempt: Int) -> String { "\(prefix)\(attempt):\(runID)" }

    /// The run whose result a turn carries, and the attempt; nil for other turns.
    package static func subject(of runID: String) -> (runID: String, attempt: Int)? {
        guard runID.hasPrefix(prefix) else { return nil }
        let rest = runID.dropFirst(prefix.count)
        guard let colon = rest.firstIndex(of: ":"), let attempt = Int(rest[..<colon]) else { return nil }
        return (String(rest[rest.index(after: colon)...]), attempt)
    }

    /// What the agent reads.
    package static func text(of run: Run, _ end: RunEnd, sessionID: String?) -> String {
        let status =
            switch end.status {
            case .ok: "completed"
            case .error: "failed"
            case .timeout: "timed out"
            case .killed: "was killed"
            case .lost: "was lost"
            }
        var lines = [
            "[Sub-agent result] \(run.label ?? String(run.task.prefix(120)))", "status: \(status)",
            "session: \(run.sessionKey)" + (sessionID.map { " (\($0))" } ?? ""), "run: \(run.runID)",
        ]
        if let cause = end.cause { lines.append("cause: \(cause)") }
        if let exitCode = end.exitCode { lines.append("exit code: \(exitCode)") }
        lines += ["", end.text.isEmpty ? "(no output)" : end.text, ""]
        if end.totalBytes > end.text.utf8.count {
            lines.append("(the last \(end.text.utf8.count) of \(end.totalBytes) bytes; sessions_history has more)")
        }
        let seconds = Double(end.endedAtMs - (run.startedAtMs ?? run.acceptedAtMs)) / 1000
        lines.append(
            "A sub-agent that you started is done (\(seconds) s). Use its result; answer NO_REPLY if there is nothing to "
                + "say about it.")
        return lines.joined(separator: "\n")
    }
}
