package import Errors

/// `error.code` of a response (OpenClaw gateway protocol, "Error shape and codes").
package enum ErrorCode: String, CaseIterable, Sendable {
    case invalidRequest = "INVALID_REQUEST"
    case notPaired = "NOT_PAIRED"
    case unavailable = "UNAVAILABLE"
    case agentTimeout = "AGENT_TIMEOUT"
    case forbidden = "FORBIDDEN"
}

extension ErrorCode: Catalogued {
    package static let family = ErrorFamily.code

    package var text: ErrorText {
        switch self {
        case .invalidRequest:
            ErrorText(
                "the request is not one that the gateway takes",
                rule: "methods, their params and what they name are those of the protocol and of this gateway",
                remedy: "mend what the message names: a method, a param, or the id of something that is there")
        case .notPaired:
            ErrorText(
                "the device is not paired for this",
                rule: "a device that no parent vouches for is approved by the owner",
                remedy: "on the gateway's host: sallyport devices list, sallyport devices approve REQUEST-ID")
        case .unavailable:
            ErrorText(
                "the gateway cannot do it now", rule: "what is busy, stopping or full refuses what is new",
                remedy: "try again later; on the gateway's host: sallyport doctor")
        case .agentTimeout:
            ErrorText(
                "the agent did not end in time", rule: "a run ends within its time",
                remedy: "give it more time: runTimeoutSeconds of the spawn, timeoutMs of the message")
        case .forbidden:
            ErrorText(
                "the caller may not do this", rule: "each method wants a scope, and children act on their own only",
                remedy: "connect with the scope that the message names: sallyport devices list shows what a device has")
        }
    }
}
