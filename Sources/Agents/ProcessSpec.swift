/// All that a child starts with. Whatever is not named here (descriptors, signal mask and dispositions, environment) it
/// does not get.
package struct ProcessSpec: Equatable, Sendable {
    package enum Input: Equatable, Sendable {
        /// `/dev/null`
        case null
        /// ``ChildProcess/standardInput`` writes to it.
        case pipe
        /// Ours, duplicated. Stays open here.
        case descriptor(Int32)
    }

    package enum Output: Equatable, Sendable {
        case null
        /// ``ChildProcess/standardOutput`` or ``ChildProcess/standardError`` reads from it.
        case pipe
        /// The same as ours.
        case inherit
        /// Ours, duplicated. Stays open here.
        case descriptor(Int32)
    }

    /// One more descriptor for the child, under a number of its own.
    package struct InheritedDescriptor: Equatable, Sendable {
        package var parent: Int32
        package var child: Int32

        package init(parent: Int32, child: Int32) {
            self.parent = parent
            self.child = child
        }
    }

    /// Highest descriptor number that ``inherited`` may give to the child.
    package static let maxInheritedDescriptor: Int32 = 255

    /// A path when it contains `/` (relative to ``workingDirectory``), else a name looked up in the `PATH` of
    /// ``environment``. Becomes `argv[0]` as it stands.
    package var executable: String
    /// Everything after `argv[0]`.
    package var arguments: [String]
    /// The whole environment, nothing is added.
    package var environment: [String: String]
    /// `nil`: ours.
    package var workingDirectory: String?
    package var newProcessGroup: Bool
    /// `setsid`: a new session and with it a new process group.
    package var newSession: Bool
    package var standardInput: Input
    package var standardOutput: Output
    package var standardError: Output
    /// Child numbers from 3 to ``maxInheritedDescriptor``, each at most once.
    package var inherited: [InheritedDescriptor]

    package init(
        executable: String, arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, newProcessGroup: Bool = true, newSession: Bool = false,
        standardInput: Input = .null, standardOutput: Output = .null, standardError: Output = .null,
        inherited: [InheritedDescriptor] = []
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.newProcessGroup = newProcessGroup
        self.newSession = newSession
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.inherited = inherited
    }
}
