internal import Client
internal import JSON

/// Why a command ends without success, in the words of the command line.
struct CommandFailure: Error {
    let message: String
    let hint: String?
    /// Facts that help to understand the message, a line each.
    let details: [String]
    /// 1 refused or failed, 2 usage, 7 agent not allowed, 65 session limit, 78 configuration.
    let exitCode: Int32

    init(_ message: String, hint: String? = nil, details: [String] = [], exitCode: Int32 = 1) {
        self.message = message
        self.hint = hint
        self.details = details
        self.exitCode = exitCode
    }

    static func usage(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(message, hint: hint, exitCode: 2)
    }

    static func configuration(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(message, hint: hint, exitCode: 78)
    }

    /// What the gateway said, with everything that it explained.
    init(_ error: ClientError, details: [String] = []) {
        self.init(error.description, hint: error.body?.details["remediationHint"]?.string, details: details)
    }
}
