internal import Sessions

/// A turn that somebody wants of a session's agent.
struct TurnRequest {
    /// Also the id of the run.
    let runID: String
    let sessionKey: String
    /// As the agent gets it.
    let message: String
    let origin: TurnOrigin
    /// 0: no limit.
    var timeoutSeconds = 0
    /// What the transcript says the message is from.
    var role = "user"
    /// Set when the session the message comes from is another one.
    var provenance: String?
}

/// What became of it.
enum TurnStart {
    /// New. `effects` come once the operations are durable.
    case accepted(Run, effects: [Effect])
    /// The same request came before.
    case known(Run)
}
