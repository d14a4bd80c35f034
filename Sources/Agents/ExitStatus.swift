/// How a process ended.
package enum ExitStatus: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    /// Someone else reaped the process, so its status is gone. Does not happen while all waiting goes through this
    /// module.
    case lost

    /// The number that a shell shows in `$?`: 128 + n for signal n, 255 when unknown.
    package var exitCode: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let signal): 128 &+ signal
        case .lost: 255
        }
    }

    package var isSuccess: Bool { self == .exited(0) }
}

extension ExitStatus: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "signal \(signal)"
        case .lost: "unknown exit status"
        }
    }
}
