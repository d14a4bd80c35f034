/// A program that is asked for something secret: for the secrets of a provider, or for the variables of a login shell.
package struct SecretCommand: Equatable, Sendable {
    /// An absolute path. No shell stands between.
    package var executable: String
    package var arguments: [String]
    /// All of it; nothing is added.
    package var environment: [String: String]
    package var input: [UInt8]
    package var timeout: Duration
    package var maxOutputBytes: Int
    /// Whether `executable` may be a symbolic link.
    package var allowsSymbolicLink: Bool
    /// When there are any, the program lies below one of them.
    package var trustedDirectories: [String]

    package init(
        executable: String, arguments: [String] = [], environment: [String: String] = [:], input: [UInt8] = [],
        timeout: Duration, maxOutputBytes: Int = 1 << 20, allowsSymbolicLink: Bool = false,
        trustedDirectories: [String] = []
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.timeout = timeout
        self.maxOutputBytes = maxOutputBytes
        self.allowsSymbolicLink = allowsSymbolicLink
        self.trustedDirectories = trustedDirectories
    }
}

/// Why a program gave nothing. What it wrote is not in it: that may be the secret.
package struct SecretFailure: Error, Equatable, Sendable {
    /// Follows the program's name: `has not ended within 5 s`.
    package let reason: String
    package let remedy: String?

    package init(_ reason: String, remedy: String? = nil) {
        self.reason = reason
        self.remedy = remedy
    }
}
