import Foundation

/// Lets a script go on when the test says so.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }
    func wait() { _ = semaphore.wait(timeout: .now() + 10) }
}
