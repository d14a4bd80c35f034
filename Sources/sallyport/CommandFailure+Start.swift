internal import Errors
internal import Server

extension CommandFailure {
    /// What keeps a gateway from starting, or its state from being copied or filled.
    init(_ failure: StartFailure, details: [String] = []) {
        self.init(
            ErrorEntry(failure.rule), failure.message, hint: failure.hint, details: details,
            exitCode: failure.exitCode, kind: failure.exitCode == 78 ? .configuration : .command)
    }
}
