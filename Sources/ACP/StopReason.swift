/// Why a turn is over, in the agent's words.
package enum StopReason: String, CaseIterable, Sendable {
    case endTurn = "end_turn"
    case maxTokens = "max_tokens"
    case maxTurnRequests = "max_turn_requests"
    case refusal
    case cancelled

    /// Nil: the agent did what it was asked.
    package var problem: String? {
        switch self {
        case .endTurn: nil
        case .maxTokens: "the agent stopped early: it reached its limit of tokens (max_tokens)"
        case .maxTurnRequests: "the agent stopped early: it reached its limit of requests (max_turn_requests)"
        case .refusal: "the agent refused to go on (refusal)"
        case .cancelled: "the agent says that the turn was cancelled"
        }
    }
}
