/// `error.code` of a response (OpenClaw gateway protocol, "Error shape and codes").
package enum ErrorCode: String, Sendable {
    case invalidRequest = "INVALID_REQUEST"
    case notPaired = "NOT_PAIRED"
    case unavailable = "UNAVAILABLE"
    case agentTimeout = "AGENT_TIMEOUT"
    case forbidden = "FORBIDDEN"
}
