/// Why the gateway did not start, in the words of the command line.
package struct StartFailure: Error, Equatable, Sendable {
    /// 78 for what only a changed configuration mends, 1 for the rest.
    package let exitCode: Int32
    package let message: String
    package let hint: String?

    package static func configuration(_ message: String, hint: String? = nil) -> StartFailure {
        StartFailure(exitCode: 78, message: message, hint: hint)
    }

    package static func other(_ message: String, hint: String? = nil) -> StartFailure {
        StartFailure(exitCode: 1, message: message, hint: hint)
    }
}
