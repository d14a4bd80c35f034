/// Names one armed timer of one reactor. Stale once it has fired or was cancelled; cancelling it then does nothing.
package struct TimerToken: Hashable, Sendable {
    internal let node: UInt32
    internal let generation: UInt32
}
