internal import Sessions

/// What was read from the store for a request, and how to answer with it.
package struct StoreReading: Sendable {
    enum View: Sendable {
        /// `chat.history`. `asked`: the key as the client wrote it.
        case history(asked: String, key: String, maxCharacters: Int)
        /// `sessions.get`
        case messages(key: String)
        /// `chat.message.get`
        case message(maxCharacters: Int)
        /// `sessions.preview`: keys with the ids of their sessions.
        case previews([(key: String, sessionID: String?)], maxCharacters: Int)
        /// The tool `sessions_history`.
        case toolHistory(key: String, includesTools: Bool)
        /// `run.attach` of a run that has attachments
        case workOrder(runID: String)
        /// The same for a local run.
        case localWork(LocalOrder)
        /// `cron.runs`
        case cronRuns(limit: Int, offset: Int)
        /// The end of a run, for one who would have waited for it
        case end(of: Run, GatewayCore.RunWaiter)
        /// The same for several runs
        case group(RunGroup)
        /// `agent.wait` of a run that memory has forgotten, if it ever was
        case forgottenRun
    }

    /// Nil: nobody waits for an answer.
    let request: GatewayRequest?
    let view: View

    init(_ request: GatewayRequest, _ view: View) {
        self.request = request
        self.view = view
    }

    /// Of what knows by itself who waits, if anybody does.
    init(_ view: View) {
        request = nil
        self.view = view
    }
}
